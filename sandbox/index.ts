export * from './types';
export { startSandbox } from './startSandbox';
