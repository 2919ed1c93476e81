import { describe, expect, test } from '@jest/globals';
import { ENTITIES, type Entity } from '@rankguard/contract';
import { createKernel } from '../../kernel/index.ts';
import { createDetector } from './index.ts';

const detector = createDetector({ kernel: createKernel(), entities: ENTITIES });

/** What is found in a text: the value and what it is. */
const found = (text: string, field?: string) =>
  detector
    .detectText(text, field === undefined ? {} : { field })
    .map(({ entity, start, end }) => [entity, text.slice(start, end)] as const);

/**
 * Published examples of the authorities and of ISO standards, and values made here from the published rules; nobody's
 * own.
 */
const VALUES: readonly (readonly [Entity, string, string?])[] = [
  ['IBAN_CODE', 'DE89 3704 0044 0532 0130 00'],
  ['IBAN_CODE', 'GB29NWBK60161331926819'],
  ['IBAN_CODE', 'fr14 2004 1010 0505 0001 3m02 606'],
  ['PHONE_NUMBER', '+49 (0)30 123456'],
  ['PHONE_NUMBER', '(415) 555-0132'],
  ['PHONE_NUMBER', '0341 8387176', 'phone '],
  ['IP_ADDRESS', '192.0.2.17'],
  ['IP_ADDRESS', '2001:db8::8a2e:370:7334'],
  ['MAC_ADDRESS', '00:1A:2B:3C:4D:5E'],
  ['MAC_ADDRESS', 'AA-BB-CC-DD-EE-FF'],
  ['CRYPTO', '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2'],
  ['CRYPTO', 'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq'],
  ['UK_NHS', '943 476 5919'],
  ['UK_NINO', 'AB 12 34 56 C'],
  ['US_ITIN', '912-70-1234'],
  ['US_NPI', '1234567893', 'NPI '],
  ['US_MBI', '1EG4-TE5-MK73'],
  ['US_PASSPORT', '912803456', 'passport number '],
  ['US_BANK_NUMBER', '94500012345', 'bank account '],
  ['US_DRIVER_LICENSE', 'D1234567', 'driver license '],
  ['MEDICAL_RECORD_NUMBER', '00482913', 'MRN: '],
  ['DE_TAX_ID', '86095742719', 'Steuer-ID '],
  ['DE_SOCIAL_SECURITY', '65170839J003'],
  ['FR_NIR', '2 55 08 14 168 025 38'],
  ['ES_NIF', '12345678Z'],
  ['ES_NIE', 'X1234567L'],
  ['IT_FISCAL_CODE', 'RSSMRA85T10A562S'],
  ['NL_BSN', '111222333', 'BSN '],
  ['PL_PESEL', '44051401359'],
  ['SE_PERSONNUMMER', '811228-9874'],
  ['FI_PERSONAL_IDENTITY_CODE', '131052-308T'],
  ['PT_NIF', '123456789', 'NIF '],
  ['BE_NATIONAL_NUMBER', '85.07.30-033.28'],
  ['CH_AHV', '756.9217.0769.85'],
  ['IN_AADHAAR', '2341 2341 2346'],
  ['IN_PAN', 'ABCPE1234F'],
  ['AU_ABN', '51 824 753 556'],
  ['AU_TFN', '123 456 782', 'TFN '],
  ['SG_NRIC_FIN', 'S1234567D'],
  ['KR_RRN', '960121-1021413'],
  ['JP_MY_NUMBER', '1234 5678 9018', 'my number '],
  ['BR_CPF', '529.982.247-25'],
  ['BR_CNPJ', '11.222.333/0001-81'],
  ['MX_CURP', 'HEGG560427MVZRRL04'],
  ['ZA_ID_NUMBER', '8001015009087'],
  ['TR_NATIONAL_ID', '10000000146'],
  ['CA_SIN', '130 692 544', 'SIN '],
  // Parts are joined here, so that no scanner of repositories takes them for keys.
  ['SECRET', `AKIA${'IOSFODNN7EXAMPLE'}`],
  ['SECRET', `ghp_${'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'}`],
  ['SECRET', `eyJhbGciOiJIUzI1NiJ9.${'eyJzdWIiOiIxIn0'}.c2lnbmF0dXJl`],
  ['SECRET', `xoxb-${'123456789012-abcdefGHIJKL'}`],
  ['SECRET', 'hunter2!', 'password='],
];

describe('values of every kind', () => {
  test.each(VALUES)('%s: %s', (entity, value, before = '') => {
    const text = `so: ${before}${value}, and on`;
    const findings = found(text);
    expect(findings.map(([, what]) => what)).toEqual([value]);
    const one = createDetector({ kernel: createKernel(), entities: [entity] });
    expect(one.detectText(text).map(({ entity: what }) => what)).toEqual([entity]);
  });

  test('the password of a URL, a private key and Basic credentials go whole', () => {
    const url = 'postgres://app:s3cr3t@db.internal:5432/x';
    expect(detector.detectText(url).some(({ start, end }) => url.slice(start, end).includes('s3cr3t'))).toBe(
      true,
    );
    const key = `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n'.repeat(3)}-----END PRIVATE KEY-----`;
    expect(found(`a ${key} b`)).toEqual([['SECRET', key]]);
    const [basic] = found('Authorization: Basic dXNlcjpwYXNzd29yZA==');
    expect(basic).toEqual(['SECRET', 'dXNlcjpwYXNzd29yZA==']);
  });

  test('what is encoded goes whole', () => {
    const text = 'write to joe@example.com';
    for (const encoded of [Buffer.from(text).toString('base64'), Buffer.from(text).toString('hex')]) {
      expect(found(`blob ${encoded} end`)).toEqual([['EMAIL_ADDRESS', encoded]]);
    }
  });

  test('full-width, percent and split by what has no width', () => {
    expect(found('ＤＥ８９ 3704 0044 0532 0130 00').map(([entity]) => entity)).toEqual(['IBAN_CODE']);
    expect(found('GB29%20NWBK%206016%201331%209268%2019').map(([entity]) => entity)).toEqual(['IBAN_CODE']);
    expect(found('192.0\u200b.2.17').map(([entity]) => entity)).toEqual(['IP_ADDRESS']);
  });
});

describe('what stays', () => {
  test.each([
    'order 20240117 of 3 items',
    'built 1712150000 and 1748503543012',
    'version 1.2.3.4 of the library',
    'id 7f3c2a10-9b1e-4c4e-8f57-123456789012',
    'sha 8f953371d3e85eddb89b05ed6b9e680791055315c73e1025ab5dba7bb2aee189',
    'on 2024-01-17 at 12:34:56',
    'std::vector and C::D',
    'ISBN 978-3-16-148410-0',
    'from 1984 to 2010 or 2022',
    'invoice 123456789',
    'the public license is permissive',
    'password: must have eight characters',
    'tokens: 512',
    'S3, EKS and C4',
    'GB29 NWBK 6016 1331 9268 18',
    '529.982.247-26',
  ])('%s', (text) => {
    expect(found(text)).toEqual([]);
  });
});

describe('words and fields', () => {
  test('speak for a number on both sides, as whole words', () => {
    expect(found('passport 912803456 was seen')).toEqual([['US_PASSPORT', '912803456']]);
    expect(found('912803456 is the passport').length).toBe(1);
    expect(found('a passportless 912803456 thing')).toEqual([]);
  });

  test('a field names its value, and a number under it', () => {
    expect(found('00482913', 'patientId').map(([entity]) => entity)).toEqual(['MEDICAL_RECORD_NUMBER']);
    expect(found('00482913', 'orderId')).toEqual([]);
    const digits = (field: string) => detector.detectText('111222333', { field, isNumber: true }).length;
    expect([digits('bsn'), digits('count')]).toEqual([1, 0]);
  });

  test('thresholds, allowed and denied values', () => {
    const options = { kernel: createKernel(), entities: ENTITIES };
    const careful = createDetector({ ...options, thresholds: { PHONE_NUMBER: 0.9 } });
    expect(careful.detectText('(415) 555-0132')).toEqual([]);
    const allowing = createDetector({ ...options, allow: ['192.0.2.17'] });
    expect(allowing.detectText('192.0.2.17 192.0.2.18').length).toBe(1);
    const denying = createDetector({ ...options, deny: [{ value: 'Project X', entity: 'SECRET' }] });
    expect(denying.detectText('on project x, not project xy').map(({ start, end }) => [start, end])).toEqual([
      [3, 12],
    ]);
  });
});
