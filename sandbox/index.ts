/**
 * A stand-in Atlas Cloud on this machine, for tests, demos and benchmarks: it really edits pictures and makes
 * videos, keeps a ledger of all requests, and fails where it is asked to.
 *
 * It is written from what is known of Atlas Cloud (docs/atlas-cloud-api.md) and not from what our client does. What is not
 * known is a switch of `SandboxOptions`, or a decision that its comment names as one.
 */
export * from './types';
export { startSandbox } from './startSandbox';
export { callInProcess, isInProcess, type InProcessRequest } from './inProcess';
