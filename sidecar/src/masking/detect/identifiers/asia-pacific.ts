import { allSame, isDate, luhn, verhoeff, weighted } from '../checksums.ts';
import { topics } from '../words.ts';
import type { Identifier } from './types.ts';

const n = Number;

/** Australian Business Number: one less in the first place, weighted sum divisible by 89. */
function abn(text: string): boolean {
  const lowered = String(n(text[0]) - 1) + text.slice(1);
  return text[0] !== '0' && weighted(lowered, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) % 89 === 0;
}

const acn = (text: string) => (10 - (weighted(text, [8, 7, 6, 5, 4, 3, 2, 1]) % 10)) % 10 === n(text[8]);
const tfn = (text: string) => weighted(text, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0 && !allSame(text);
const medicare = (text: string) => weighted(text, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === n(text[8]);

const GST = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** GSTN: each value times 1 and 2 by turns, quotient and remainder of 36 added. */
function gstin(text: string): boolean | null {
  const state = n(text.slice(0, 2));
  if (state < 1 || (state > 38 && state !== 97 && state !== 99)) return false;
  let sum = 0;
  for (let at = 0; at < 14; at++) {
    const product = GST.indexOf(text[at]!) * (at % 2 === 0 ? 1 : 2);
    sum += Math.floor(product / 36) + (product % 36);
  }
  return state <= 37 && GST[(36 - (sum % 36)) % 36] === text[14] ? true : state <= 37 ? null : false;
}

/** NRIC and FIN: weights 2 7 6 5 4 3 2; T and G add 4, M adds 3. */
function nric(text: string): boolean | null {
  const sum = weighted(text.slice(1, 8), [2, 7, 6, 5, 4, 3, 2]);
  const first = text[0]!;
  if (first === 'S' || first === 'T')
    return 'JZIHGFEDCBA'[(sum + (first === 'T' ? 4 : 0)) % 11] === text[8] ? true : null;
  if (first === 'M') return 'XWUTRQPNJLK'[10 - ((sum + 3) % 11)] === text[8] ? true : null;
  return 'XWUTRQPNMLK'[(sum + (first === 'G' ? 4 : 0)) % 11] === text[8] ? true : null;
}

/** ACRA: the three forms of a Unique Entity Number. */
function uen(text: string): boolean {
  if (/^\d{8}[A-Z]$/.test(text))
    return 'XMKECAWLJDB'[weighted(text, [10, 4, 9, 3, 8, 2, 7, 1]) % 11] === text[8];
  if (/^\d{9}[A-Z]$/.test(text)) {
    const year = n(text.slice(0, 4));
    return (
      year > 1799 &&
      year < 2100 &&
      'ZKCMDNERGWH'[weighted(text, [10, 8, 6, 4, 9, 7, 5, 3, 1]) % 11] === text[9]
    );
  }
  const table = 'ABCDEFGHJKLMNPQRSTUVWX0123456789';
  let sum = 0;
  for (const [at, weight] of [4, 3, 5, 3, 10, 2, 2, 5, 7].entries()) sum += table.indexOf(text[at]!) * weight;
  return table[(((sum - 5) % 11) + 11) % 11] === text[9];
}

const RRN = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];

/** Korean registration numbers: since October 2020 the last digits are random, so a date must do. */
function rrn(text: string, base: number): boolean | null {
  if (!isDate(n(text.slice(4, 6)), n(text.slice(2, 4)))) return false;
  const check = (base - (weighted(text, RRN) % 11)) % 10;
  return check === n(text[12]) ? true : null;
}

function brn(text: string): boolean {
  const sum =
    weighted(text, [1, 3, 7, 1, 3, 7, 1, 3]) + Math.floor((n(text[8]) * 5) / 10) + ((n(text[8]) * 5) % 10);
  return (10 - (sum % 10)) % 10 === n(text[9]);
}

/** My Number Act ordinance: weights 6 to 2 and 7 to 2 from the left. */
function myNumber(text: string): boolean {
  const rest = weighted(text, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
  return (rest < 2 ? 0 : 11 - rest) === n(text[11]) && !allSame(text);
}

function turkish(text: string): boolean {
  const odd = weighted(text, [1, 0, 1, 0, 1, 0, 1, 0, 1]);
  const even = weighted(text, [0, 1, 0, 1, 0, 1, 0, 1]);
  const tenth = (((odd * 7 - even) % 10) + 10) % 10;
  return tenth === n(text[9]) && (odd + even + tenth) % 10 === n(text[10]);
}

function thai(text: string): boolean {
  const sum = weighted(text, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
  return (
    (11 - (sum % 11)) % 10 === n(text[12]) &&
    !allSame(text) &&
    !/^.(0|28|29|59|[67][89]|[89][789])/.test(text.replace(/^(.)8([4578])/, '$199'))
  );
}

/** South African identity: birth date, sequence, citizenship 0 to 2, Luhn. */
const southAfrican = (text: string) => isDate(n(text.slice(4, 6)), n(text.slice(2, 4))) && luhn(text);

const aadhaar = (text: string) => verhoeff(text) && text !== [...text].reverse().join('');

export const ASIA_PACIFIC: readonly Identifier[] = [
  {
    entity: 'IN_AADHAAR',
    pattern: /^[2-9]\d{11}$/,
    lengths: [12],
    check: aadhaar,
    forms: ['4-4-4'],
    gaps: ' -:',
    context: topics('IN', 'IDENTITY'),
    bare: 0.45,
    formed: 0.7,
  },
  {
    entity: 'IN_PAN',
    pattern: /^[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]$/,
    lengths: [10],
    context: topics('IN', 'TAX'),
    bare: 0.6,
  },
  {
    entity: 'IN_GSTIN',
    pattern: /^\d{2}[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]$/,
    lengths: [15],
    check: gstin,
    context: topics('IN', 'TAX'),
    bare: 0.9,
    unproved: 0.8,
  },
  {
    entity: 'IN_PASSPORT',
    pattern: /^[A-PR-WY][1-9]\d{6}$/,
    lengths: [8],
    forms: ['1-7'],
    context: topics('PASSPORT'),
    bare: 0.1,
  },
  {
    entity: 'IN_VOTER',
    pattern: /^[A-Z]{3}\d{7}$/,
    lengths: [10],
    context: topics('IN', 'IDENTITY'),
    bare: 0.3,
  },
  {
    entity: 'AU_ABN',
    pattern: /^\d{11}$/,
    lengths: [11],
    check: abn,
    forms: ['2-3-3-3'],
    context: topics('AU', 'COMPANY'),
    bare: 0.55,
    formed: 0.9,
  },
  {
    entity: 'AU_ACN',
    pattern: /^\d{9}$/,
    lengths: [9],
    check: acn,
    forms: ['3-3-3'],
    context: topics('AU', 'COMPANY'),
    bare: 0.3,
    formed: 0.4,
  },
  {
    entity: 'AU_TFN',
    pattern: /^\d{9}$/,
    lengths: [9],
    check: tfn,
    forms: ['3-3-3'],
    context: topics('AU', 'TAX'),
    bare: 0.3,
    formed: 0.4,
  },
  {
    entity: 'AU_MEDICARE',
    pattern: /^[2-6]\d{9,10}$/,
    lengths: [10, 11],
    check: medicare,
    forms: ['4-5-1', '4-5-1-1'],
    context: topics('AU', 'HEALTH'),
    bare: 0.35,
    formed: 0.7,
  },
  {
    entity: 'SG_NRIC_FIN',
    pattern: /^[STFGM]\d{7}[A-Z]$/,
    lengths: [9],
    check: nric,
    context: topics('SG'),
    bare: 0.6,
  },
  {
    entity: 'SG_UEN',
    pattern: /^(\d{8,9}[A-Z]|[RST]\d{2}[A-Z]{2}\d{4}[A-Z])$/,
    lengths: [9, 10],
    check: uen,
    context: topics('SG', 'COMPANY'),
    bare: 0.5,
  },
  {
    entity: 'KR_RRN',
    pattern: /^\d{6}[1-4]\d{6}$/,
    lengths: [13],
    check: (text) => rrn(text, 11),
    forms: ['6-7'],
    gaps: '-',
    context: topics('KR'),
    bare: 0.5,
    formed: 0.8,
  },
  {
    entity: 'KR_FRN',
    pattern: /^\d{6}[5-8]\d{6}$/,
    lengths: [13],
    check: (text) => rrn(text, 13),
    forms: ['6-7'],
    gaps: '-',
    context: topics('KR'),
    bare: 0.5,
    formed: 0.8,
  },
  {
    entity: 'KR_BRN',
    pattern: /^\d{10}$/,
    lengths: [10],
    check: brn,
    forms: ['3-2-5'],
    gaps: '-',
    context: topics('KR', 'COMPANY'),
    bare: 0.3,
    formed: 0.8,
  },
  {
    entity: 'KR_PASSPORT',
    pattern: /^[MSRODG](\d{8}|\d{3}[A-Z]\d{4})$/,
    lengths: [9],
    context: topics('PASSPORT', 'KR'),
    bare: 0.1,
  },
  {
    entity: 'KR_DRIVER_LICENSE',
    pattern: /^(1[1-9]|2[0-68])\d{10}$/,
    lengths: [12],
    forms: ['2-2-6-2'],
    gaps: '- ',
    context: topics('LICENSE', 'KR'),
    bare: 0.3,
    formed: 0.6,
  },
  {
    entity: 'JP_MY_NUMBER',
    pattern: /^\d{12}$/,
    lengths: [12],
    check: myNumber,
    forms: ['4-4-4'],
    context: topics('JP'),
    bare: 0.3,
    formed: 0.55,
  },
  {
    entity: 'ZA_ID_NUMBER',
    pattern: /^\d{10}[012][89]\d$/,
    lengths: [13],
    check: southAfrican,
    forms: ['6-4-3', '6-4-2-1'],
    context: topics('ZA', 'IDENTITY'),
    bare: 0.8,
    formed: 0.9,
  },
  {
    entity: 'TR_NATIONAL_ID',
    pattern: /^[1-9]\d{10}$/,
    lengths: [11],
    check: turkish,
    context: topics('TR', 'IDENTITY'),
    bare: 0.6,
  },
  {
    entity: 'TH_TNIN',
    pattern: /^[1-8]\d{12}$/,
    lengths: [13],
    check: thai,
    forms: ['1-4-5-2-1'],
    context: topics('TH', 'IDENTITY'),
    bare: 0.35,
    formed: 0.8,
  },
  {
    entity: 'NG_NIN',
    pattern: /^\d{11}$/,
    lengths: [11],
    check: (text) => verhoeff(text) && !allSame(text),
    forms: ['4-3-4'],
    context: topics('NG'),
    bare: 0.35,
    formed: 0.5,
  },
];
