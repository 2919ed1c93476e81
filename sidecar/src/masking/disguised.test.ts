import { describe, expect, test } from '@jest/globals';
import { ENTITIES } from '@rankguard/contract';
import { createJsonReader, splice } from '../json/index.ts';
import { createKernel } from '../kernel/index.ts';
import { createMasker } from './index.ts';

const kernel = createKernel();
const reader = createJsonReader({ kernel });
const masker = createMasker({
  kernel,
  createReader: () => createJsonReader({ kernel: createKernel() }),
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
  'full-width forms': shifted((code) => (code > 0x20 ? code + 0xfee0 : 0x3000)),
  'letters like Latin ones': (value) => value.replace(/[aeocpAEKT]/g, (letter) => cyrillic[letter]!),
  tags: shifted((code) => code + 0xe0000),
  'marks that combine': between('\u0336'),
  'marks around': between('\u20e3'),
  'soft hyphens': between('\u00ad'),
  'no width': between('\u200b'),
  'marks of direction': between('\u200f'),
  'variation selectors': between('\ufe0f'),
};

describe.each(Object.entries(WAYS))('spelled in %s', (_, spell) => {
  test.each(VALUES)('%s hides nothing', (sentence, value) => {
    const text = sentence.replace('{}', spell(value));
    const [before, behind] = sentence.split('{}');
    const masked = new RegExp(`^${before}<[A-Z_]+>${behind}$`);
    expect(inJson(text)).toMatch(masked);
    expect(masker.string(text)).toMatch(masked);
  });
});
