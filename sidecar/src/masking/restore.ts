import { type Edit, type JsonDocument, Kind } from '../json/types.ts';
import { apart } from './apart.ts';
import { escaped } from './nested.ts';

const TOKEN = /tok_[a-z0-9_]{1,64}_[a-z2-7]{16}(?![A-Za-z0-9])/g;
/** Surrogates that are looked for; each is a text of its own. */
const MOST_SURROGATES = 1_000;
const OPENING = /^\s*(?:\\[nrt])*[{[]/;

/** See {@link Masker.restore}. Tokens of other calls stay what they are: only what was issued here is known. */
export function restoreEdits(
  document: JsonDocument,
  issued: ReadonlyMap<string, string>,
  edits: readonly Edit[],
): Edit[] {
  if (issued.size === 0) return [...edits];
  const patterns = [TOKEN, ...surrogates(issued)];
  const restored: Edit[] = [];
  for (let token = 0; token < document.count; token++) {
    if (document.kind(token) !== Kind.String) continue;
    const from = document.start(token);
    const text = document.bytes.toString('latin1', from, document.end(token));
    for (const pattern of patterns) {
      for (const { 0: made, index } of text.matchAll(pattern)) {
        const value = issued.get(made);
        if (value === undefined) continue;
        // In a string that holds JSON the value stands in a string of its own.
        const plain = OPENING.test(text) ? escaped(value) : value;
        restored.push({ start: from + index, end: from + index + made.length, with: escaped(plain) });
      }
    }
  }
  if (restored.length === 0) return [...edits];
  const mine = apart(restored);
  let next = 0;
  const others = apart([...edits]).filter((edit) => {
    while (next < mine.length && mine[next]!.end <= edit.start) next++;
    const one = mine[next];
    return one === undefined || edit.start < one.start || edit.end > one.end;
  });
  return apart([...others, ...mine]);
}

/** One pattern for all that are no tokens. */
function surrogates(issued: ReadonlyMap<string, string>): RegExp[] {
  const made = [...issued.keys()].filter((one) => !one.startsWith('tok_')).slice(0, MOST_SURROGATES);
  if (made.length === 0) return [];
  const literals = made.map((one) => one.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return [new RegExp(`(?<![A-Za-z0-9])(?:${literals.join('|')})(?![A-Za-z0-9])`, 'g')];
}
