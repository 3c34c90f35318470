/**
 * A stand-in Atlas Cloud on this machine, for tests, demos and benchmarks: it really edits pictures, keeps a ledger of
 * all it saw, and lets go wrong what is asked of it.
 *
 * It is written from what is known of Atlas Cloud and not from what our client does. Comments name where a fact is from:
 * [S] the two model pages, [D] Atlas Cloud's public documentation, [C] its own published clients, [V] other vendors' pages
 * for the same ByteDance model. What none of them tells is a switch of `SandboxOptions`, or a decision said to be one.
 */
export * from './types';
export { startSandbox } from './startSandbox';
