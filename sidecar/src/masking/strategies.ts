import { createHmac } from 'node:crypto';
import { CodedError, type FaultCode, type Strategy } from '@rankguard/contract';
import { surrogateOf } from './surrogates.ts';
import type { MaskLabel } from './types.ts';
import { normalisedValue } from './values.ts';

/** From weakest to strictest; where rules overlap the strictest wins. */
const ORDER: readonly Strategy[] = ['partial', 'surrogate', 'token', 'redact', 'null', 'remove'];
/** How many characters `partial` keeps unless a rule says otherwise. */
export const KEEP = 4;
const STARS = '****';
/** 16 letters of 5 bits: 80 bits. */
const TOKEN_LETTERS = 16;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** HMACs that one masker remembers; a call rarely has more values than this. */
const REMEMBERED = 4096;

/** What is done to a value. */
export interface Treatment {
  readonly strategy: Strategy;
  /** Characters that `partial` keeps. */
  readonly keep: number;
}

export function stricter(a: Treatment, b: Treatment): Treatment {
  const order = ORDER.indexOf(a.strategy) - ORDER.indexOf(b.strategy);
  if (order !== 0) return order > 0 ? a : b;
  return a.keep <= b.keep ? a : b;
}

/** Throws `code` for what a strategy needs and does not have. */
export function checkStrategy(strategy: Strategy, tokenKey: Uint8Array | null, code: FaultCode): void {
  if (!ORDER.includes(strategy)) throw new CodedError(code, `masking with \`${strategy}\` is not supported`);
  if ((strategy === 'token' || strategy === 'surrogate') && tokenKey === null) {
    throw new CodedError(code, `masking with \`${strategy}\` needs a token key`);
  }
}

/** Keeps the last characters, unless that would be half of the value or more. */
export function partial(value: string, keep: number): string | null {
  const characters = [...value];
  if (keep * 2 >= characters.length) return null;
  return keep === 0 ? STARS : STARS + characters.slice(-keep).join('');
}

/** The text in the place of any value, or null when it depends on the value. */
export function fixedText(strategy: Strategy, entity: MaskLabel): string | null {
  if (strategy === 'remove' || strategy === 'null') return '';
  if (strategy !== 'redact') return null;
  return entity === 'FIELD' ? '<REDACTED>' : `<${shown(entity)}>`;
}

function shown(entity: string): string {
  return entity.replace(/^PATTERN_/, '');
}

/** Makes the texts that stand in the place of values. All but `partial` are plain ASCII without quotes. */
export interface Replacer {
  /** In the place of a value of this kind; `null` and `remove` leave nothing. */
  replace(treatment: Treatment, entity: MaskLabel, value: string): string;
}

/**
 * `key` is null when no rule uses tokens or surrogates. Equal values of one kind have equal ones under one key
 * and domain.
 */
export function createReplacer(key: Uint8Array | null, domain = ''): Replacer {
  const known = new Map<string, string>();
  const prefix = domain === '' ? '' : `${domain}\0`;

  function keyed(kind: string, entity: string, value: string, make: (digest: Buffer) => string): string {
    if (key === null) throw new CodedError('MASKING_FAULT', 'there is no token key');
    const name = `${kind}\0${entity}\0${value}`;
    const seen = known.get(name);
    if (seen !== undefined) return seen;
    const made = make(createHmac('sha256', key).update(`${prefix}${entity}\0${value}`).digest());
    if (known.size >= REMEMBERED) known.clear();
    known.set(name, made);
    return made;
  }

  function token(entity: string, value: string): string {
    const make = (digest: Buffer) => `tok_${shown(entity).toLowerCase()}_${base32(digest)}`;
    return keyed('token', entity, value, make);
  }

  return {
    replace({ strategy, keep }, entity, value) {
      const fixed = fixedText(strategy, entity);
      if (fixed !== null) return fixed;
      if (strategy === 'partial') return partial(value, keep) ?? fixedText('redact', entity) ?? '';
      const normal = normalisedValue(entity, value);
      if (strategy === 'token') return token(entity, normal);
      // The form of a surrogate follows the value as it is written.
      const form = value.replace(/[^\p{L}\p{N}]+/gu, ' ');
      const make = (digest: Buffer) => surrogateOf(entity, value, digest) ?? '';
      const made = keyed(`surrogate\0${form}`, entity, normal, make);
      return made === '' ? token(entity, normal) : made;
    },
  };
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
