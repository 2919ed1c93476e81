import { describe, expect, test } from '@jest/globals';
import { ENTITIES } from '@rankguard/contract';
import { createJsonReader, splice } from '../json/index.ts';
import { createKernel } from '../kernel/index.ts';
import { createMasker, createStreamMasker } from './index.ts';

const kernel = createKernel();
const reader = createJsonReader({ kernel });
const createReader = () => createJsonReader({ kernel: createKernel() });
const masker = createMasker({
  kernel,
  createReader,
  masking: {
    order: 'score-then-mask',
    fields: [],
    detectors: [{ entities: ENTITIES, with: 'redact' }],
    tokenKey: null,
  },
  tokenKey: null,
});

/** The value of a member `t` once its object is masked. */
function inJson(text: string): string {
  const bytes = Buffer.from(JSON.stringify({ t: text }));
  const read = reader.read(bytes);
  if (!read.ok) throw new Error(read.message);
  const { edits } = masker.json(read.document, { queries: [], documents: [], results: [] }, []);
  return (JSON.parse(splice(bytes, edits).toString()) as { t: string }).t;
}

/** A value and the sentence that it stands in. */
const VALUES: readonly (readonly [string, string])[] = [
  ['write to {} today', 'ana.kovac@mail.example.com'],
  ['call {} now', '+44 20 7946 0958'],
  ['paid with {} yesterday', '5555 5555 5555 4444'],
  ['IBAN {} please', 'GB82 WEST 1234 5698 7654 32'],
  ['my ssn is {} ok', '457-55-5462'],
  ['seen at {} again', '84.17.52.201'],
  ['use {} now', 'AKIAQYLPMN5HHHFPZAM2'],
  ['send to {} soon', '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa'],
];

const units = (spell: (code: number) => string) => (value: string) =>
  [...value].map((character) => spell(character.codePointAt(0)!)).join('');
const between = (sign: string) => (value: string) => [...value].join(sign);
const shifted = (by: (code: number) => number) => units((code) => String.fromCodePoint(by(code)));
const hex = (code: number, size = 2) => code.toString(16).padStart(size, '0');
const cyrillic: Record<string, string> = {
  a: 'а',
  e: 'е',
  o: 'о',
  c: 'с',
  p: 'р',
  A: 'А',
  E: 'Е',
  K: 'К',
  T: 'Т',
};

const FILLER = 'nothing to see here, '.repeat(5);
const encoded = (text: string, encoding: BufferEncoding) => Buffer.from(text).toString(encoding);
const inLines = (text: string, size: number, end: string) =>
  (text.match(new RegExp(`.{1,${size}}`, 'g')) ?? []).join(end);

/** RFC 1924's alphabet, or one that begins with `zero` and goes on in the order of ASCII. */
function base85(text: string, zero?: string): string {
  const alphabet =
    zero === undefined
      ? '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~'
      : Array.from({ length: 85 }, (_, at) => String.fromCharCode(zero.charCodeAt(0) + at)).join('');
  const bytes = Buffer.from(text);
  let out = '';
  for (let at = 0; at < bytes.length; at += 4) {
    const four = Buffer.alloc(4);
    const size = bytes.copy(four, 0, at);
    let rest = four.readUInt32BE();
    let digits = '';
    for (let place = 0; place < 5; place++, rest = Math.floor(rest / 85))
      digits = alphabet[rest % 85]! + digits;
    out += digits.slice(0, size + 1);
  }
  return out;
}

const WAYS: Readonly<Record<string, (value: string) => string>> = {
  itself: (value) => value,
  'percent encoding': units((code) => `%${hex(code)}`),
  'percent encoding, twice': units((code) => `%25${hex(code)}`),
  'decimal references': units((code) => `&#${code};`),
  'hexadecimal references': units((code) => `&#x${hex(code)};`),
  'references, escaped': units((code) => `&amp;#${code};`),
  'names of HTML': (value) =>
    value
      .replaceAll('@', '&commat;')
      .replaceAll('.', '&period;')
      .replaceAll('-', '&hyphen;')
      .replaceAll(' ', '&nbsp;'),
  'escapes of programs': units((code) => `\\x${hex(code)}`),
  'octal escapes': units((code) => `\\${code.toString(8).padStart(3, '0')}`),
  'long escapes': units((code) => `\\U${hex(code, 8)}`),
  'escaped escapes': units((code) => `\\\\u${hex(code, 4)}`),
  'quoted printable': units((code) => `=${hex(code).toUpperCase()}`),
  'quoted printable marks': (value) =>
    value.replace(/[^A-Za-z0-9 ]/g, (mark) => `=${hex(mark.charCodeAt(0)).toUpperCase()}`),
  'full-width forms': shifted((code) => (code > 0x20 ? code + 0xfee0 : 0x3000)),
  'letters like Latin ones': (value) => value.replace(/[aeocpAEKT]/g, (letter) => cyrillic[letter]!),
  tags: shifted((code) => code + 0xe0000),
  'marks that combine': between('\u0336'),
  'marks around': between('\u20e3'),
  'soft hyphens': between('\u00ad'),
  'no width': between('\u200b'),
  'marks of direction': between('\u200f'),
  'variation selectors': between('\ufe0f'),
  base64: (value) => encoded(value, 'base64'),
  'base64 without padding': (value) => encoded(value, 'base64').replace(/=+$/, ''),
  'base64 for URLs': (value) => encoded(`??>>${value}`, 'base64url'),
  'base64 of words in other alphabets': (value) => encoded(`żółć – ${value} – ünï`, 'base64'),
  'base64, twice': (value) => encoded(encoded(value, 'base64'), 'base64'),
  'base64 in lines of 76': (value) => inLines(encoded(`${FILLER}${value} ${FILLER}`, 'base64'), 76, '\r\n'),
  'base64 in lines of 16': (value) => inLines(encoded(`note ${value} ok`, 'base64'), 16, '\n'),
  hexadecimal: (value) => encoded(value, 'hex'),
  'hexadecimal behind 0x': (value) => `0x${encoded(value, 'hex').toUpperCase()}`,
  'hexadecimal in lines': (value) => inLines(encoded(`${FILLER}${value}`, 'hex'), 32, '\n'),
  'hexadecimal bytes': (value) => encoded(value, 'hex').replace(/(..)(?!$)/g, '$1 '),
  'hexadecimal bytes of a program': (value) => encoded(value, 'hex').replace(/(..)/g, '0x$1, ').slice(0, -2),
  'decimal bytes': (value) => [...Buffer.from(value)].join(', '),
  bits: (value) => [...Buffer.from(value)].map((byte) => byte.toString(2).padStart(8, '0')).join(' '),
  'base 85': (value) => base85(`number: ${value} of 4`),
  Ascii85: (value) => `<~${base85(`note ${value}`, '!')}~>`,
};

test.each(['hex', 'base64url'] as const)('a segment of a path in %s hides nothing', (encoding) => {
  const path = (text: string) => `see https://x.test/${text}/y?z=1 there`;
  expect(inJson(path(encoded('ana.kovac@mail.example.com', encoding)))).toBe(path('<EMAIL_ADDRESS>'));
  expect(inJson(path(encoded('nothing of the kind is here', encoding)))).not.toContain('<');
});

describe.each(Object.entries(WAYS))('spelled in %s', (_, spell) => {
  test.each(VALUES)('%s hides nothing', (sentence, value) => {
    const text = sentence.replace('{}', spell(value));
    const [before, behind] = sentence.split('{}');
    const masked = new RegExp(`^${before}<[A-Z_]+>${behind}$`);
    expect(inJson(text)).toMatch(masked);
    expect(masker.string(text)).toMatch(masked);
  });
});

describe.each(Object.entries(WAYS))('a stream with a value in %s', (_, spell) => {
  test.each(VALUES.slice(0, 4))('%s leaves masked, however it is cut', (sentence, value) => {
    const text = sentence.replace('{}', spell(value));
    const stream = createStreamMasker({ masker, createReader, kind: 'text' });
    const pieces = [...Buffer.from(text)].map((byte) => stream.push(Buffer.from([byte])));
    expect(Buffer.concat([...pieces, stream.end()]).toString()).toBe(masker.string(text));
  });
});
