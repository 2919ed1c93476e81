import { type Blob, blobsIn, DECODING_BUDGET } from './encoded.ts';
import type { Text } from './place.ts';
import { radix85At } from './radix85.ts';
import { byteRow } from './rows.ts';
import type { Run } from './secrets.ts';
import { wrappedFrom } from './wrapped.ts';

/** Up to where a text has been looked at for encoded texts, by their form. */
export interface BlobsDone {
  row: number;
  word: number;
  wrapped: number;
}

/** Notes the encoded texts in a long run of key characters, and in the lines that go on with it. */
export function blobsOfRun(text: Text, run: Run, done: BlobsDone): void {
  if (run.end - run.start <= DECODING_BUDGET) {
    for (const blob of blobsIn(run, DECODING_BUDGET)) text.blobs.push(blob);
  }
  if (run.end <= done.wrapped) return;
  const blob = wrappedFrom(text, run, DECODING_BUDGET);
  if (blob !== undefined) text.blobs.push(blob);
  done.wrapped = blob?.end ?? run.end;
}

/** Notes the encoded texts that the digit at `at` is a part of: bytes written one by one, and base 85. */
export function blobsAtDigit(text: Text, at: number, done: BlobsDone): void {
  if (at >= done.row) {
    const { blob, end } = byteRow(text, at, done.row);
    if (blob !== null) text.blobs.push(blob);
    done.row = end;
  }
  if (at >= done.word) {
    const { blob, end } = radix85At(text, at, done.word);
    if (blob !== null) text.blobs.push(blob);
    done.word = end;
  }
}

/** Encoded texts in order and apart; of those that overlap the longest stays. */
export function apartBlobs(blobs: readonly Blob[]): Blob[] {
  const kept: Blob[] = [];
  for (const blob of blobs.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = kept.at(-1);
    if (last === undefined || blob.start >= last.end) kept.push(blob);
    else if (blob.end - blob.start > last.end - last.start) kept[kept.length - 1] = blob;
  }
  return kept;
}
