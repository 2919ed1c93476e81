import { allSame, icao, isDate, iso7064, luhn, remainder, sumOfDigits, weighted } from '../checksums.ts';
import { topics } from '../words.ts';
import type { Identifier } from './types.ts';

const n = Number;
const LETTERS_23 = 'TRWAGMYFPDXBNJZSQVHLCKE';

/** § 139b AO: no leading zero; of the first ten digits one occurs two or three times; three in a row are not the same. */
function germanTax(text: string): boolean {
  if (!iso7064(text)) return false;
  let repeated = '';
  for (let at = 0; at < 10; at++) {
    const digit = text[at]!;
    if (text.indexOf(digit) === at || repeated === digit) continue;
    if (repeated !== '') return false;
    repeated = digit;
  }
  // Numbers of the test range have no digit twice.
  return repeated === '' || repeatsRightly(text.slice(0, 10), repeated);
}

/** Two or three times, and not three in a row. */
const repeatsRightly = (digits: string, digit: string) =>
  digits.split(digit).length <= 4 && !digits.includes(digit.repeat(3));

/** DRV: area, birth date, initial as two digits, serial; weights of VKVV § 4. */
function germanPension(text: string): boolean {
  const digits = text.slice(0, 8) + String(text.charCodeAt(8) - 64).padStart(2, '0') + text.slice(9);
  const day = n(text.slice(2, 4));
  if (!isDate(day > 50 ? day - 50 : day, n(text.slice(4, 6)))) return false;
  let sum = 0;
  const weights = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
  for (const [at, weight] of weights.entries()) sum += sumOfDigits(n(digits[at]) * weight);
  return sum % 10 === n(text[11]);
}

/** KVNR (§ 290 SGB V): the letter as two digits, weights 1 and 2. */
function germanHealth(text: string): boolean {
  const digits = String(text.charCodeAt(0) - 64).padStart(2, '0') + text.slice(1, 9);
  let sum = 0;
  for (let at = 0; at < 10; at++) sum += sumOfDigits(n(digits[at]) * (at % 2 === 0 ? 1 : 2));
  return sum % 10 === n(text[9]);
}

/** KBV: physician number, weights 4 and 9 over six digits. */
const lanr = (text: string) => (10 - (weighted(text, [4, 9, 4, 9, 4, 9]) % 10)) % 10 === n(text[6]);

/** INSEE: 97 less the remainder; Corsica's 2A and 2B count as 19 and 18. */
function nir(text: string): boolean {
  const digits = text.replace('2A', '19').replace('2B', '18');
  return 97 - remainder(digits.slice(0, 13), 97) === n(digits.slice(13));
}

const ODD: Readonly<Record<string, number>> = Object.fromEntries(
  [...'0123456789'].map((digit, at) => [digit, [1, 0, 5, 7, 9, 13, 15, 17, 19, 21][at]!]),
);
const ODD_LETTERS = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

/** D.M. 23 December 1976. */
function codiceFiscale(text: string): boolean | null {
  let sum = 0;
  for (let at = 0; at < 15; at++) {
    const letter = text.charCodeAt(at) - 65;
    if (at % 2 === 1) sum += letter < 0 ? n(text[at]) : letter;
    else sum += letter < 0 ? ODD[text[at]!]! : ODD_LETTERS[letter]!;
  }
  return String.fromCharCode(65 + (sum % 26)) === text[15] ? true : null;
}

/** Belgian national number: 97 less the remainder of nine digits, with 2 in front for births since 2000. */
function belgian(text: string): boolean {
  const month = n(text.slice(2, 4)) % 20;
  if (month > 12 || n(text.slice(4, 6)) > 31) return false;
  const check = n(text.slice(9));
  return (
    97 - remainder(text.slice(0, 9), 97) === check || 97 - remainder(`2${text.slice(0, 9)}`, 97) === check
  );
}

const PESEL = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1];
function pesel(text: string): boolean {
  return weighted(text, PESEL) % 10 === 0 && isDate(n(text.slice(4, 6)), n(text.slice(2, 4)) % 20);
}

/** Skatteverket: Luhn over the last ten; coordination numbers have 60 added to the day. */
function personnummer(text: string): boolean {
  const ten = text.slice(-10);
  const day = n(ten.slice(4, 6));
  return isDate(day > 60 ? day - 60 : day, n(ten.slice(2, 4))) && luhn(ten);
}

const HETU = '0123456789ABCDEFHJKLMNPRSTUVWXY';
function hetu(text: string): boolean {
  const digits = text.length === 11 ? text.slice(0, 6) + text.slice(7, 10) : text.slice(0, 9);
  const year = n(digits.slice(4, 6));
  const month = n(digits.slice(2, 4));
  const leap = month !== 2 || n(digits.slice(0, 2)) < 29 || year % 4 === 0;
  return isDate(n(digits.slice(0, 2)), month) && leap && HETU[n(digits) % 31] === text.at(-1);
}

function elevens(text: string, weights: readonly number[]): boolean {
  const rest = weighted(text, weights) % 11;
  return (rest < 2 ? 0 : 11 - rest) === n(text[weights.length]);
}

function ean13(text: string): boolean {
  return weighted(text, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0;
}

/** NHS number: a check of 10 is never issued. */
function nhs(text: string): boolean {
  const check = 11 - (weighted(text, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return !allSame(text) && (check === 11 ? 0 : check) === n(text[9]);
}

const dni = (digits: string, letter: string) => LETTERS_23[n(digits) % 23] === letter;

export const EUROPE: readonly Identifier[] = [
  {
    entity: 'UK_NHS',
    pattern: /^\d{10}$/,
    lengths: [10],
    check: nhs,
    forms: ['3-3-4'],
    context: topics('HEALTH'),
    bare: 0.4,
    formed: 0.6,
  },
  {
    entity: 'UK_NINO',
    pattern: /^(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$/,
    lengths: [9],
    forms: ['2-2-2-2-1', '2-6-1', '2-7', '8-1'],
    context: topics('UK'),
    bare: 0.7,
    formed: 0.7,
  },
  {
    entity: 'UK_PASSPORT',
    pattern: /^([A-Z]{2}\d{7}|\d{9})$/,
    lengths: [9],
    context: topics('PASSPORT'),
    bare: 0.1,
  },
  {
    entity: 'UK_DRIVING_LICENCE',
    pattern:
      /^(?=[A-Z9]{5})[A-Z]{1,5}9{0,4}\d(0[1-9]|1[0-2]|5[1-9]|6[0-2])(0[1-9]|[12]\d|3[01])\d[A-Z][A-Z9][0-9A-Z]{3}$/,
    lengths: [16],
    check: (text) => (text.length === 16 ? null : false),
    context: topics('LICENSE', 'UK'),
    bare: 0.7,
  },
  {
    entity: 'DE_TAX_ID',
    pattern: /^[1-9]\d{10}$/,
    lengths: [11],
    check: germanTax,
    forms: ['2-3-3-3'],
    context: topics('DE', 'TAX'),
    bare: 0.5,
    formed: 0.7,
  },
  {
    entity: 'DE_ID_CARD',
    pattern: /^([CFGHJKLMNPRTVWXYZ][0-9CFGHJKLMNPRTVWXYZ]{7}\d|T\d{8})$/,
    lengths: [9],
    check: (text) =>
      (/[0-9]/.test(text.slice(1, 8)) && icao(text.slice(0, 8), text[8]!)) ||
      (/^T\d{8}$/.test(text) ? null : false),
    context: topics('DE', 'IDENTITY'),
    bare: 0.4,
  },
  {
    entity: 'DE_PASSPORT',
    pattern: /^[CFGHJKLMNPRTVWXYZ][0-9CFGHJKLMNPRTVWXYZ]{7}\d$/,
    lengths: [9],
    check: (text) => /[0-9]/.test(text.slice(1, 8)) && icao(text.slice(0, 8), text[8]!),
    context: topics('DE', 'PASSPORT'),
    bare: 0.4,
  },
  {
    entity: 'DE_SOCIAL_SECURITY',
    pattern: /^\d{8}[A-Z]\d{3}$/,
    lengths: [12],
    check: germanPension,
    forms: ['2-6-1-3', '2-2-2-2-1-3'],
    context: topics('DE', 'SSN'),
    bare: 0.8,
    formed: 0.9,
  },
  {
    entity: 'DE_HEALTH_INSURANCE',
    pattern: /^[A-Z]\d{9}$/,
    lengths: [10],
    check: germanHealth,
    forms: ['1-9', '1-3-3-3', '4-3-3'],
    context: topics('DE', 'HEALTH'),
    bare: 0.5,
  },
  {
    entity: 'DE_VAT_ID',
    pattern: /^DE[1-9]\d{8}$/,
    lengths: [11],
    check: (text) => iso7064(text.slice(2)),
    forms: ['2-9', '2-3-3-3', '5-3-3'],
    mixed: true,
    context: topics('DE', 'TAX'),
    bare: 0.9,
    formed: 0.9,
  },
  {
    entity: 'DE_LANR',
    pattern: /^\d{9}$/,
    lengths: [9],
    check: lanr,
    forms: ['7-2'],
    context: topics('DOCTOR'),
    bare: 0.3,
  },
  { entity: 'DE_BSNR', pattern: /^(?!0{9})\d{9}$/, lengths: [9], context: topics('DOCTOR'), bare: 0.1 },
  {
    entity: 'FR_NIR',
    pattern: /^[1-478]\d{2}(0[1-9]|1[0-2]|[2-9]\d)(\d{2}|2[AB])\d{8}$/,
    lengths: [15],
    check: nir,
    forms: ['1-2-2-2-3-3-2', '13-2', '1-2-2-2-3-3-2'],
    context: topics('FR', 'SSN'),
    bare: 0.85,
    formed: 0.95,
  },
  {
    entity: 'FR_TAX_ID',
    pattern: /^[0-3]\d{12}$/,
    lengths: [13],
    check: (text) => remainder(text.slice(0, 10), 511) === n(text.slice(10)),
    forms: ['2-2-3-3-3'],
    context: topics('FR', 'TAX'),
    bare: 0.7,
    formed: 0.9,
  },
  {
    entity: 'ES_NIF',
    pattern: /^\d{7,8}[A-Z]$/,
    lengths: [8, 9],
    check: (text) => dni(text.slice(0, -1), text.at(-1)!),
    forms: ['8-1', '7-1', '2-3-3-1', '2-3-4', '1-3-3-1'],
    mixed: true,
    context: topics('ES', 'IDENTITY'),
    bare: 0.6,
    formed: 0.7,
  },
  {
    entity: 'ES_NIE',
    pattern: /^[XYZ]\d{7}[A-Z]$/,
    lengths: [9],
    check: (text) => dni('XYZ'.indexOf(text[0]!) + text.slice(1, 8), text[8]!),
    forms: ['8-1', '1-7-1'],
    context: topics('ES', 'IDENTITY'),
    bare: 0.8,
    formed: 0.8,
  },
  {
    entity: 'ES_PASSPORT',
    pattern: /^[A-Z]{2,3}\d{6}$/,
    lengths: [8, 9],
    context: topics('PASSPORT'),
    bare: 0.1,
  },
  {
    entity: 'IT_FISCAL_CODE',
    pattern: /^[A-Z]{6}[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]$/,
    lengths: [16],
    check: codiceFiscale,
    forms: ['3-3-5-5', '6-5-5'],
    context: topics('IT', 'TAX'),
    bare: 0.9,
    unproved: 0.6,
    formed: 0.9,
  },
  {
    entity: 'IT_VAT_CODE',
    pattern: /^\d{11}$/,
    lengths: [11],
    check: (text) => luhn(text) && !allSame(text),
    gaps: ' -._',
    forms: ['8-3'],
    context: topics('IT', 'TAX'),
    bare: 0.5,
    formed: 0.5,
  },
  {
    entity: 'IT_IDENTITY_CARD',
    pattern: /^([A-Z]{2}\d{7}|\d{7}[A-Z]{2}|[A-Z]{2}\d{5}[A-Z]{2})$/,
    lengths: [9],
    forms: ['2-7', '2-5-2'],
    context: topics('IT', 'IDENTITY'),
    bare: 0.1,
  },
  {
    entity: 'IT_PASSPORT',
    pattern: /^[A-Z]{2}\d{7}$/,
    lengths: [9],
    forms: ['2-7'],
    context: topics('PASSPORT'),
    bare: 0.1,
  },
  {
    entity: 'IT_DRIVER_LICENSE',
    pattern: /^([A-Z]{2}\d{7}[A-Z]|U1[0-9BCDFGHJ-NPR-UW-Z]{7}[A-Z])$/,
    lengths: [10],
    context: topics('LICENSE'),
    bare: 0.3,
  },
  {
    entity: 'NL_BSN',
    pattern: /^\d{9}$/,
    lengths: [9],
    check: (text) => weighted(text, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0 && !allSame(text),
    forms: ['3-3-3', '4-2-3'],
    context: topics('NL'),
    bare: 0.3,
    formed: 0.3,
  },
  {
    entity: 'PL_PESEL',
    pattern: /^\d{11}$/,
    lengths: [11],
    check: pesel,
    context: topics('PL', 'IDENTITY'),
    bare: 0.6,
  },
  {
    entity: 'SE_PERSONNUMMER',
    pattern: /^(18|19|20)\d{10}$/,
    lengths: [12],
    check: personnummer,
    forms: ['8-4'],
    gaps: '-+ ',
    context: topics('SE', 'IDENTITY'),
    bare: 0.7,
    formed: 0.8,
  },
  {
    entity: 'SE_PERSONNUMMER',
    pattern: /^\d{10}$/,
    lengths: [10],
    check: personnummer,
    forms: ['6-4'],
    gaps: '-+ ',
    context: topics('SE', 'IDENTITY'),
    bare: 0.45,
    formed: 0.8,
  },
  {
    entity: 'SE_ORGANISATIONSNUMMER',
    pattern: /^\d{2}[2-9]\d{7}$/,
    lengths: [10],
    check: luhn,
    forms: ['6-4'],
    gaps: '-',
    context: topics('SE', 'COMPANY'),
    bare: 0.3,
    formed: 0.6,
  },
  {
    entity: 'FI_PERSONAL_IDENTITY_CODE',
    pattern: /^\d{6}[ABCDEFYXWVU]\d{3}[0-9A-Y]$/,
    lengths: [11],
    check: hetu,
    context: topics('FI', 'IDENTITY'),
    bare: 0.8,
  },
  {
    entity: 'FI_PERSONAL_IDENTITY_CODE',
    // Without its sign it looks like any number of ten digits: every 500th second since 1970 is one.
    pattern: /^\d{9}[0-9A-Y]$/,
    lengths: [10],
    check: hetu,
    forms: ['6-4'],
    gaps: '-+',
    context: topics('FI', 'IDENTITY'),
    bare: 0.3,
    formed: 0.9,
  },
  {
    entity: 'PT_NIF',
    pattern: /^[1-35689]\d{8}$/,
    lengths: [9],
    check: (text) => elevens(text, [9, 8, 7, 6, 5, 4, 3, 2]),
    forms: ['3-3-3'],
    context: topics('PT', 'TAX'),
    bare: 0.3,
    formed: 0.35,
  },
  {
    entity: 'BE_NATIONAL_NUMBER',
    pattern: /^\d{11}$/,
    lengths: [11],
    check: belgian,
    forms: ['2-2-2-3-2', '6-3-2'],
    mixed: true,
    context: topics('BE', 'IDENTITY'),
    bare: 0.6,
    formed: 0.95,
  },
  {
    entity: 'CH_AHV',
    pattern: /^756\d{10}$/,
    lengths: [13],
    check: ean13,
    forms: ['3-4-4-2'],
    context: topics('CH', 'SSN'),
    bare: 0.85,
    formed: 0.95,
  },
];
