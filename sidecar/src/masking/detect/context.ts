import { CodedError } from '@rankguard/contract';
import type { Kernel } from '../../kernel/index.ts';
import { DICTIONARY, type Topics, topics } from './words.ts';

/** FNV-1a over UTF-8, as kernel/assembly/context.ts computes it: ASCII letters without case, 0x20 between two words. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ (byte < 0x80 ? byte | 32 : byte), 0x01000193);
  return hash >>> 0;
}

/** What numbers of five to eight digits can be: accounts, licences, records, subscribers. */
const SHORT = topics('BANK', 'LICENSE', 'RECORD', 'PHONE');

/** Puts the dictionary into the kernel, unless it is there. A kernel that starts afresh has lost it. */
export function loadDictionary(kernel: Kernel): void {
  const at = kernel.exports['dictionary']!() >>> 2;
  const slots = kernel.exports['dictionarySlots']!();
  // The last slot is never used by a word: it says that the dictionary is loaded.
  const mark = at + (slots - 1) * 4 + 3;
  const { u32 } = kernel;
  if (u32[mark] === 1) return;
  if (DICTIONARY.size > slots / 2) throw new CodedError('INTERNAL', 'the dictionary is too large');
  for (const [word, { low, high }] of DICTIONARY) {
    const hash = hashOf(word);
    let slot = hash & (slots - 1);
    while (u32[at + slot * 4] !== 0 && u32[at + slot * 4] !== hash) slot = (slot + 1) & (slots - 1);
    u32[at + slot * 4] = hash;
    u32[at + slot * 4 + 1] = u32[at + slot * 4 + 1]! | low;
    u32[at + slot * 4 + 2] = u32[at + slot * 4 + 2]! | high;
  }
  kernel.exports['setShort']!(SHORT.low);
  kernel.exports['setCardWords']!(topics('AGAINST').low, topics('CARD').low);
  u32[mark] = 1;
}

/** The topics of the words near [start, end) of a text in the kernel's memory; all four are addresses. */
export function topicsNear(kernel: Kernel, start: number, end: number, low: number, high: number): Topics {
  const { context, contextHigh } = kernel.exports;
  const first = context!(start, end, low, high);
  return { low: first, high: contextHigh!() };
}

/** The same, and of the words in [start, end). */
export function topicsAround(kernel: Kernel, start: number, end: number, low: number, high: number): Topics {
  const { contextAround, contextHigh } = kernel.exports;
  const first = contextAround!(start, end, low, high);
  return { low: first, high: contextHigh!() };
}
