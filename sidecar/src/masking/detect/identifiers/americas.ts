import { allSame, isDate, luhn, weighted } from '../checksums.ts';
import { topics } from '../words.ts';
import type { Identifier } from './types.ts';

const n = Number;

/** Area, group and serial that were never issued (SSA), and numbers printed in advertisements. */
function ssn(text: string): null | false {
  const area = n(text.slice(0, 3));
  if (area === 0 || area === 666 || area >= 900 || text.slice(3, 5) === '00' || text.slice(5) === '0000')
    return false;
  return allSame(text) || text === '123456789' ? false : null;
}

/** Brazilian Receita Federal: each check digit is 11 less the remainder, 0 for 10 and 11. */
function mod11Digit(text: string, weights: readonly number[]): number {
  const rest = weighted(text, weights) % 11;
  return rest < 2 ? 0 : 11 - rest;
}

const CPF_1 = [10, 9, 8, 7, 6, 5, 4, 3, 2];
const CNPJ_1 = [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];

function cpf(text: string): boolean {
  return (
    !allSame(text) &&
    mod11Digit(text, CPF_1) === n(text[9]) &&
    mod11Digit(text, [11, ...CPF_1]) === n(text[10])
  );
}

function cnpj(text: string): boolean {
  return (
    !allSame(text) &&
    mod11Digit(text, CNPJ_1) === n(text[12]) &&
    mod11Digit(text, [6, ...CNPJ_1]) === n(text[13])
  );
}

/** Routing number of the American Bankers Association: weights 3, 7, 1. */
const aba = (text: string) => weighted(text, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0 && !allSame(text);

/** DEA registration: (1st+3rd+5th) + 2 × (2nd+4th+6th), the last digit is the seventh. */
const dea = (text: string) =>
  weighted(text.slice(text.length - 7), [1, 2, 1, 2, 1, 2]) % 10 === n(text.at(-1));

const CURP = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ';

function curp(text: string): boolean {
  let sum = 0;
  for (let at = 0; at < 17; at++) sum += CURP.indexOf(text[at]!) * (18 - at);
  return (10 - (sum % 10)) % 10 === n(text[17]) && isDate(n(text.slice(8, 10)), n(text.slice(6, 8)));
}

const RFC = '0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ';

/** SAT: mod 11 over the table above; a company's three letters count as four with a space in front. */
function rfc(text: string): boolean | null {
  const padded = text.padStart(13, ' ');
  if (!isDate(n(padded.slice(8, 10)), n(padded.slice(6, 8)))) return false;
  let sum = 0;
  for (let at = 0; at < 12; at++) sum += RFC.indexOf(padded[at]!) * (13 - at);
  const rest = sum % 11;
  const digit = rest === 0 ? '0' : rest === 1 ? 'A' : String(11 - rest);
  return digit === padded[12] ? true : null;
}

/** Medicare Beneficiary Identifier (CMS): letters but S, L, O, I, B, Z. */
const MBI =
  /^[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y]{2}\d{2}$/;

export const AMERICAS: readonly Identifier[] = [
  {
    entity: 'US_SSN',
    pattern: /^\d{9}$/,
    lengths: [9],
    check: ssn,
    context: topics('SSN'),
    bare: 0.1,
    formed: 0.1,
    forms: ['3-6', '5-4'],
  },
  {
    entity: 'US_ITIN',
    pattern: /^9\d\d(5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])\d{4}$/,
    lengths: [9],
    context: topics('ITIN', 'TAX', 'SSN'),
    bare: 0.3,
    formed: 0.6,
    forms: ['3-2-4'],
  },
  {
    entity: 'US_PASSPORT',
    pattern: /^([A-Z]\d{8}|\d{9})$/,
    lengths: [9],
    context: topics('PASSPORT'),
    bare: 0.1,
  },
  {
    entity: 'US_BANK_NUMBER',
    pattern: /^\d{6,17}$/,
    lengths: [6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17],
    context: topics('BANK'),
    bare: 0.05,
  },
  {
    entity: 'US_DRIVER_LICENSE',
    pattern:
      /^([A-Z]{1,2}\d{5,9}|[A-Z]\d{7,14}|\d{7,10}|[A-Z]{3}\d{6}|\d{2}[A-Z]{3}\d{5}|[A-Z]{5}\d{6}[A-Z]\d[A-Z]{2}|\d{3}[A-Z]{2}\d{4}|\d{9}[A-Z])$/,
    lengths: [6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    context: topics('LICENSE'),
    bare: 0.05,
    forms: ['4-4-4', '3-3-3', '1-4-4-4', '4-4-5', '1-3-3-3'],
  },
  {
    entity: 'US_NPI',
    pattern: /^[12]\d{9}$/,
    lengths: [10],
    check: (text) => luhn(`80840${text}`) && !allSame(text.slice(0, 9)),
    forms: ['4-3-3'],
    context: topics('DOCTOR'),
    bare: 0.4,
    formed: 0.6,
  },
  {
    entity: 'MEDICAL_RECORD_NUMBER',
    pattern: /^[A-Z]{0,3}\d{5,12}$/,
    lengths: [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    forms: ['3-3-3', '3-4', '2-2-2', '3-2-4', '2-6', '3-6', '3-7', '2-7', '4-4'],
    context: topics('RECORD'),
    bare: 0.05,
    formed: 0.05,
  },
  {
    entity: 'US_MBI',
    pattern: MBI,
    lengths: [11],
    forms: ['4-3-4'],
    context: topics('HEALTH'),
    bare: 0.6,
    formed: 0.9,
  },
  {
    entity: 'MEDICAL_LICENSE',
    pattern: /^[A-Z][A-Z9]?\d{7}$/,
    lengths: [8, 9],
    check: (text) =>
      (/^([ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}|[A-Z]\d{8})$/.test(text) || text.length === 9) && dea(text),
    context: topics('DOCTOR', 'LICENSE'),
    bare: 0.5,
  },
  {
    entity: 'ABA_ROUTING_NUMBER',
    pattern: /^(0[0-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)\d{7}$/,
    lengths: [9],
    check: aba,
    forms: ['4-4-1'],
    context: topics('ROUTING', 'BANK'),
    bare: 0.3,
    formed: 0.6,
  },
  {
    entity: 'CA_SIN',
    pattern: /^[1-79]\d{8}$/,
    lengths: [9],
    check: (text) => luhn(text) && !allSame(text),
    forms: ['3-3-3'],
    gaps: ' -',
    context: topics('CA', 'SSN'),
    bare: 0.3,
    formed: 0.55,
  },
  {
    entity: 'BR_CPF',
    pattern: /^\d{11}$/,
    lengths: [11],
    check: cpf,
    forms: ['3-3-3-2'],
    mixed: true,
    context: topics('BR'),
    bare: 0.6,
    formed: 0.95,
  },
  {
    entity: 'BR_CNPJ',
    pattern: /^\d{14}$/,
    lengths: [14],
    check: cnpj,
    forms: ['2-3-3-4-2'],
    gaps: './- ',
    mixed: true,
    context: topics('BR', 'COMPANY'),
    bare: 0.55,
    formed: 0.95,
  },
  {
    entity: 'MX_CURP',
    pattern: /^[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d$/,
    lengths: [18],
    check: curp,
    context: topics('MX'),
    bare: 0.95,
  },
  {
    entity: 'MX_RFC',
    pattern: /^[A-Z]{3,4}\d{6}[0-9A-Z]{3}$/,
    lengths: [12, 13],
    check: rfc,
    forms: ['4-6-3', '3-6-3'],
    context: topics('MX', 'TAX'),
    bare: 0.6,
  },
];
