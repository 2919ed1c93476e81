export * from './bundle/index.ts';
export * from './errors/index.ts';
export * from './facts/index.ts';
export * from './problem/index.ts';
export * from './reasons/index.ts';
export * from './record/index.ts';
export * from './verdict/index.ts';
