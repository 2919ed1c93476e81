import { isIPv6 } from 'node:net';
import type { Entity } from '@rankguard/contract';
import type { MaskLabel } from './types.ts';
import { folded } from './values.ts';

/**
 * A made-up value of the same form, from a range that is reserved or never issued, so that it is nobody's; made
 * from 32 keyed bytes. null: the kind has no such range.
 */
export function surrogateOf(entity: MaskLabel, value: string, digest: Buffer): string | null {
  const make = MAKERS[entity as Entity];
  return make === undefined ? null : make(folded(value), stream(digest));
}

/** Digits that depend on nothing but the digest. */
interface Digits {
  take(count: number): string;
  below(limit: number): number;
}

function stream(digest: Buffer): Digits {
  let state =
    digest.readBigUInt64BE(0) * 2n ** 128n +
    digest.readBigUInt64BE(8) * 2n ** 64n +
    digest.readBigUInt64BE(16);
  const next = (limit: number) => {
    const digit = Number(state % BigInt(limit));
    state /= BigInt(limit);
    return digit;
  };
  return { below: next, take: (count) => Array.from({ length: count }, () => next(10)).join('') };
}

type Maker = (value: string, digits: Digits) => string | null;

const MAKERS: Readonly<Partial<Record<Entity, Maker>>> = {
  // RFC 2606, section 3
  EMAIL_ADDRESS: (_value, digits) => `user${digits.take(10)}@example.com`,
  // NANPA: 555-0100 to 555-0199 of each area are for fiction
  PHONE_NUMBER(value, digits) {
    const count = value.replace(/\D/g, '').length;
    const number = `${digits.below(8) + 2}${digits.take(2)}55501${digits.take(2)}`;
    return count === 10 ? inForm(value, number) : `+1${number}`;
  },
  // ISO/IEC 7812: numbers that begin with 9 belong to no card network
  CREDIT_CARD(value, digits) {
    const count = value.replace(/\D/g, '').length;
    if (count < 12) return null;
    const body = `99${digits.take(count - 3)}`;
    return inForm(value, body + luhnDigit(body));
  },
  // Areas from 900 are never issued, nor are these groups used for taxpayers without a number
  US_SSN: (value, digits) => inForm(value, `9${digits.take(2)}${two(digits.below(49) + 1)}${digits.take(4)}`),
  US_ITIN: (value, digits) => inForm(value, `9${digits.take(2)}93${digits.take(4)}`),
  // ISO 3166 gives XX to users; it is no country
  IBAN_CODE(value, digits) {
    const plain = value.replace(/[^A-Za-z0-9]/g, '');
    if (plain.length < 15) return null;
    const body = digits.take(plain.length - 4);
    const check = 98n - (BigInt(`${body}333300`) % 97n);
    return inForm(value, `XX${two(Number(check))}${body}`);
  },
  // RFC 5737 and RFC 3849
  IP_ADDRESS(value, digits) {
    if (isIPv6(value)) {
      const group = () => digits.below(65_536).toString(16);
      return `2001:db8:${group()}:${group()}::${group()}`;
    }
    return `${['192.0.2', '198.51.100', '203.0.113'][digits.below(3)]}.${digits.below(254) + 1}`;
  },
  // RFC 9542, section 2.1.3
  MAC_ADDRESS: (value, digits) => {
    const last = digits.below(256).toString(16).padStart(2, '0').toUpperCase();
    return inForm(value, `00005E0053${last}`);
  },
  // NHS: numbers that begin with 999 are for tests
  UK_NHS(value, digits) {
    for (;;) {
      const body = `999${digits.take(6)}`;
      const sum = [...body].reduce((total, digit, place) => total + Number(digit) * (10 - place), 0);
      const check = (11 - (sum % 11)) % 11;
      if (check < 10) return inForm(value, body + check);
    }
  },
};

/** The characters of `made` in the places of the letters and digits of `value`; as it is when they differ in number. */
function inForm(value: string, made: string): string {
  const places = value.match(/[\p{L}\p{N}]/gu)?.length ?? 0;
  if (places !== made.length) return made;
  let at = 0;
  return value.replace(/[\p{L}\p{N}]/gu, () => made[at++]!);
}

function luhnDigit(body: string): number {
  const sum = [...body].toReversed().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return (10 - (sum % 10)) % 10;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
