/** The credential's type. Not `atlasCloudApi`: the vendor's own package uses that name, with other fields. */
export const CREDENTIAL_TYPE = 'atlasCloudSeedreamApi';
