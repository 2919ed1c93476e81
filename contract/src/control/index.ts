export * from './messages.ts';
export * from './read.ts';
export * from './routes.ts';
export * from './signed-bundle.ts';
export * from './usage.ts';
