export * from './anchors';
export * from './context';
export * from './tokenize';

/** First byte that no static of the kernel uses; the host checks that its own regions start after it. */
export const heapBase: i32 = <i32>__heap_base;
