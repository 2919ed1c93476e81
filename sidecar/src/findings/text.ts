/** Characters that are not seen: they would cut a word in two for a detector, and not for a model. */
const UNSEEN = /\p{Default_Ignorable_Code_Point}/gu;

/** As a model reads it: compatibility forms resolved, no case, nothing unseen, single spaces. */
export function readable(text: string): string {
  return text.normalize('NFKC').replace(UNSEEN, '').toLowerCase().replace(/\s+/g, ' ');
}

/** Words of any script, in order. */
export function wordsOf(readableText: string): readonly string[] {
  return readableText.match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** FNV-1a, 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}
