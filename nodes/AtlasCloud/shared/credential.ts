/** The credential's type: not `atlasCloudApi`, which the vendor's own package has, with other fields. */
export const CREDENTIAL_TYPE = 'atlasCloudSeedreamApi';
