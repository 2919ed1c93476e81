import { createHmac } from 'node:crypto';
import { CodedError, type Entity, type FaultCode, type Strategy } from '@rankguard/contract';

/** From weakest to strictest; where rules overlap the strictest wins. */
const ORDER: readonly Strategy[] = ['partial', 'token', 'redact', 'null', 'remove'];
/** How many characters `partial` keeps. */
const KEEP = 4;
const STARS = '****';
/** 16 letters of 5 bits: 80 bits. */
const TOKEN_LETTERS = 16;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** HMACs that one masker remembers; a call rarely has more values than this. */
const REMEMBERED = 4096;

export function stricter(a: Strategy, b: Strategy): Strategy {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b;
}

/** Throws `code` for what a strategy needs and does not have. */
export function checkStrategy(strategy: Strategy, tokenKey: Uint8Array | null, code: FaultCode): void {
  if (!ORDER.includes(strategy)) throw new CodedError(code, `masking with \`${strategy}\` is not supported`);
  if (strategy === 'token' && tokenKey === null) {
    throw new CodedError(code, 'masking with `token` needs a token key');
  }
}

/** Keeps the last four characters, unless that would be half of the value or more. */
export function partial(value: string): string | null {
  const characters = [...value];
  return KEEP * 2 >= characters.length ? null : STARS + characters.slice(-KEEP).join('');
}

/** The text in the place of any value, or null when it depends on the value. */
export function fixedText(strategy: Strategy, entity: Entity | 'FIELD'): string | null {
  if (strategy === 'remove' || strategy === 'null') return '';
  if (strategy !== 'redact') return null;
  return entity === 'FIELD' ? '<REDACTED>' : `<${entity}>`;
}

/** Makes the texts that stand in the place of values. All but `partial` are plain ASCII without quotes. */
export interface Replacer {
  /** In the place of a value of this kind; `null` and `remove` leave nothing. */
  replace(strategy: Strategy, entity: Entity | 'FIELD', value: string): string;
}

/** `key` is null when no rule uses tokens. Equal values of one kind have equal tokens under one key. */
export function createReplacer(key: Uint8Array | null): Replacer {
  const known = new Map<string, string>();

  function token(entity: string, value: string): string {
    if (key === null) throw new CodedError('MASKING_FAULT', 'there is no token key');
    const input = `${entity}\0${normalised(entity, value)}`;
    const seen = known.get(input);
    if (seen !== undefined) return seen;
    const made = `tok_${entity.toLowerCase()}_${base32(createHmac('sha256', key).update(input).digest())}`;
    if (known.size >= REMEMBERED) known.clear();
    known.set(input, made);
    return made;
  }

  return {
    replace(strategy, entity, value) {
      const fixed = fixedText(strategy, entity);
      if (fixed !== null) return fixed;
      if (strategy === 'token') return token(entity, value);
      return partial(value) ?? fixedText('redact', entity) ?? '';
    },
  };
}

/** What is the same value to a person: addresses without case, numbers without separators. */
function normalised(entity: string, value: string): string {
  if (entity === 'EMAIL_ADDRESS') return value.toLowerCase();
  if (entity === 'FIELD') return value.normalize('NFC').trim();
  return value.replace(/\D/g, '');
}

function base32(bytes: Uint8Array): string {
  let text = '';
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = ((buffer & 31) << 8) | byte;
    bits += 8;
    while (bits >= 5 && text.length < TOKEN_LETTERS) {
      bits -= 5;
      text += BASE32[(buffer >> bits) & 31];
    }
    if (text.length === TOKEN_LETTERS) break;
  }
  return text;
}
