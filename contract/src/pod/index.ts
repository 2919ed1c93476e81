export * from './environment.ts';
export * from './names.ts';
