import { describe, expect, test } from '@jest/globals';
import { ENTITIES, type Entity, type Strategy } from '@rankguard/contract';
import { createJsonReader } from '../json/index.ts';
import { createKernel } from '../kernel/index.ts';
import { createMasker } from './index.ts';

const kernel = createKernel();

function maskerWith(strategy: Strategy, entities: readonly Entity[] = ENTITIES) {
  return createMasker({
    kernel,
    createReader: () => createJsonReader({ kernel: createKernel() }),
    masking: {
      order: 'score-then-mask',
      fields: [],
      detectors: [{ entities, with: strategy }],
      tokenKey: { name: 'mask-key', key: 'key' },
    },
    tokenKey: Buffer.from('0123456789abcdef0123456789abcdef'),
  });
}

const masker = maskerWith('redact');
const E = '<EMAIL_ADDRESS>';
const S = '<US_SSN>';
const C = '<CREDIT_CARD>';

/** Text and what is left of it. */
type Case = readonly [text: string, masked: string];

const EMAILS: readonly Case[] = [
  ['joe@example.com', E],
  ['Write to joe@example.com.', `Write to ${E}.`],
  ['joe.public+tag@mail.example.co.uk, please', `${E}, please`],
  ['<joe@example.com>', `<${E}>`],
  ["'joe@example.com'", `'${E}'`],
  ["o'brien@example.com", E],
  ['mailto:joe@example.com?subject=x', `mailto:${E}?subject=x`],
  ['https://shop.example/find?email=joe@example.com&x=1', `https://shop.example/find?email=${E}&x=1`],
  ['email=joe@example.com', `email=${E}`],
  ['customer/department=shipping@example.com', E],
  ['!def!xyz%abc@example.com', `!${E}`],
  ['_joe_@example.com', `_${E}`],
  ['"joe public"@example.com', E],
  ['a@b@example.com', `a@${E}`],
  ['JOE@EXAMPLE.COM', E],
  ['joe@xn--bcher-kva.example', E],
  ['joe@example.xn--p1ai', E],
  ['jürgen@münchen.de', E],
  ['почта@пример.рф', E],
  ['联系joe@example.com谢谢', `联系${E}谢谢`],
  ['用户@例子.广告', E],
  ['メールはjoe@example.jpです', `メールは${E}です`],
  ['joe%40example.com', E],
  ['joe&#64;example.com', E],
  ['joe&#x40;example.com', E],
  ['joe&commat;example&period;com', E],
  ['joe\\u0040example.com', E],
  ['joe＠example．com', E],
  ['ｊｏｅ＠ｅｘａｍｐｌｅ．ｃｏｍ', E],
  ['joe\u200b@exam\u00adple.com', E],
  ['𝐣𝐨𝐞@example.com', E],
  ['joe@example.com。次', `${E}。次`],
  ['joe@example.com-draft', `${E}-draft`],
  ['two: joe@example.com;ann@example.org', `two: ${E};${E}`],
];

const NO_EMAILS: readonly string[] = [
  '@joe',
  'joe@',
  'joe @ example',
  'user@localhost',
  'a@b',
  'joe@example.c',
  'package@1.2.3',
  'price @ 5.99',
  '@scope/name',
  '@@@@@@',
  'joe@.com',
  '50%40',
];

const SSNS: readonly Case[] = [
  ['219-45-6780', S],
  ['219 45 6780', S],
  ['219.45.6780', S],
  ['(219-45-6780)', `(${S})`],
  ['SSN:219-45-6780', `SSN:${S}`],
  ['番号219-45-6780です', `番号${S}です`],
  ['219‑45‑6780', S],
  ['219–45–6780', S],
  ['２１９-４５-６７８０', S],
  ['٢١٩-٤٥-٦٧٨٠', S],
  ['219-45-\n6780', S],
  ['2\u200b19-45-6780', S],
  ['my ssn is 219456780', `my ssn is ${S}`],
  ['219456780 (SSN)', `${S} (SSN)`],
  ['Social Security number: 219456780', `Social Security number: ${S}`],
  ['social-security 219456780', `social-security ${S}`],
  ['SSN219456780', `SSN${S}`],
  ['ssn 219-456780', `ssn ${S}`],
  ['219 45 6780 219 45 6781', `${S} ${S}`],
  ['219-45-6780 219-45-6781', `${S} ${S}`],
  ['801-45-2345', S],
];

const NO_SSNS: readonly string[] = [
  '000-12-3456',
  '666-12-3456',
  '900-12-3456',
  '219-00-6780',
  '219-45-0000',
  'number 219456780',
  'the lessn 219456780',
  'an assns 219456780',
  '1-219-45-6780',
  '219-45-6780-1',
  '219-45-67801',
  '5219-45-6780',
  'AB219-45-6780',
  '693-09.4444',
  '219/45/6780',
  '2024-05-1234',
  'Q1 120 45 2300 130 50 2500',
  '219\n45\n6780',
  `ssn ${'far away '.repeat(10)}219456780`,
];

const CARDS: readonly Case[] = [
  ['4111111111111111', C],
  ['4111 1111 1111 1111', C],
  ['4111-1111-1111-1111', C],
  ['4111.1111.1111.1111', C],
  ['4111/1111/1111/1111', C],
  ['4111_1111_1111_1111', C],
  ['4111 / 1111 / 1111 / 1111', C],
  ['4111·1111·1111·1111', C],
  ['4111 1111\n1111 1111', C],
  ['4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1', C],
  ['41 11 11 11 11 11 11 11', C],
  ['4111111111111111.', `${C}.`],
  ['card4111111111111111', `card${C}`],
  ['4222222222222', C],
  ['4000000000000000121', C],
  ['5555555555554444', C],
  ['2223003122003222', C],
  ['2720 9900 0000 0007', C],
  ['378282246310005', C],
  ['3782 822463 10005', C],
  ['30569309025904', C],
  ['3056 930902 5904', C],
  ['3530111333300000', C],
  ['213100000000019', C],
  ['180000000000010', C],
  ['6011111111111117', C],
  ['6221260000000000', C],
  ['630400000018', C],
  ['6304 0000 0018', C],
  ['6759000000000018', C],
  ['5019000000000016', C],
  ['122000000000011', C],
  ['４１１１ １１１１ １１１１ １１１１', C],
  ['4111\u00a01111\u20091111\u30001111', C],
  ['4111–1111–1111–1111', C],
  ['4111%201111%201111%201111', C],
  ['4\u200d111111111111111', C],
  ['カード4111111111111111です', `カード${C}です`],
  ['4012888888881881 4012-8888-8888-1881 4012 8888 8888 1881', `${C} ${C} ${C}`],
  ['4111 1111 1111 1111 219-45-6780', `${C} ${S}`],
  ['12 4111 1111 1111 1111', `12 ${C}`],
];

const NO_CARDS: readonly string[] = [
  '4111111111111112',
  '4012-8888-8888-1882',
  '1748503543012',
  '1732180000000',
  '20240101123000',
  '7992739871300008',
  '36168002586008',
  '41111111111111111111',
  '14111111111111111199',
  '0.4111111111111111',
  '-1.4111111111111111',
  'dead4111111111111111',
  'ab4111111111111111cd',
  '41111111-1111-1111-1111-111111111111',
  'urn:uuid:00000000-0000-4000-8000-630400000018',
  '100001234567897',
];

describe('detectors', () => {
  test.each([...EMAILS, ...SSNS, ...CARDS])('%j becomes %j', (text, masked) => {
    expect(masker.string(text)).toBe(masked);
  });

  test.each([...NO_EMAILS, ...NO_SSNS, ...NO_CARDS])('%j stays', (text) => {
    expect(masker.string(text)).toBe(text);
  });

  test('a text says what was masked, by entity', () => {
    const { edits, counts } = masker.text(Buffer.from('é joe@example.com 219-45-6780 a@b.cc'));
    expect(counts).toEqual({ EMAIL_ADDRESS: 2, US_SSN: 1 });
    expect(edits.map(({ start, end }) => [start, end])).toEqual([
      [3, 18],
      [19, 30],
      [31, 37],
    ]);
  });

  test('bytes that are not UTF-8 are a wall and stay as they are', () => {
    const bytes = Buffer.concat([
      Buffer.from([0xff, 0xc3]),
      Buffer.from('joe@example.com'),
      Buffer.from([0x80]),
    ]);
    expect(masker.text(bytes).edits).toEqual([{ start: 2, end: 17, with: E }]);
  });

  test('only the entities of the profile are masked', () => {
    const cards = maskerWith('redact', ['CREDIT_CARD']);
    expect(cards.string('joe@example.com 4111111111111111')).toBe(`joe@example.com ${C}`);
  });

  test('what overlaps is masked as one', () => {
    expect(masker.string('4111111111111111@example.com')).toBe(E);
    expect(masker.string('219-45-6780@example.com')).toBe(E);
  });
});

describe('look-alikes, by the Unicode data of the runtime', () => {
  const all = Array.from({ length: 0x110000 }, (_, code) => code).filter(
    (code) => (code & 0xfff800) !== 0xd800,
  );
  const characters = all.map((code) => String.fromCodePoint(code));

  test('decimal digits of every script are digits', () => {
    // Unicode lists the ten digits of a script in a row; their place in the list of all is their value.
    const digits = characters.filter((character) => /\p{Nd}/u.test(character));
    const zeros = digits.filter((_, place) => place % 10 === 0);
    expect(zeros.length).toBeGreaterThan(70);
    for (const zero of zeros) {
      const code = zero.codePointAt(0)!;
      const card = [...'4111111111111111']
        .map((digit) => String.fromCodePoint(code + Number(digit)))
        .join('');
      expect([zero, masker.string(card)]).toEqual([zero, C]);
    }
  });

  test('characters that are compatible with ASCII letters spell context words', () => {
    const letters = characters.filter((character) => /^[sn]$/i.test(character.normalize('NFKC')));
    expect(letters.length).toBeGreaterThan(50);
    for (const letter of letters) {
      const word = letter.normalize('NFKC').toLowerCase() === 's' ? `${letter}sn` : `ss${letter}`;
      expect([letter, masker.string(`${word} 219456780`)]).toEqual([letter, `${word} ${S}`]);
    }
  });

  test('characters without width do not split a value', () => {
    const ignorable = characters.filter((character) => /\p{Default_Ignorable_Code_Point}/u.test(character));
    for (const character of ignorable) {
      expect([character, masker.string(`2${character}19-45-6780`)]).toEqual([character, S]);
    }
  });
});

describe('strategies in text', () => {
  test('partial keeps the last four characters of what is long enough', () => {
    const partial = maskerWith('partial');
    expect(partial.string('4111 1111 1111 1111')).toBe('****1111');
    expect(partial.string('a@b.ccc 219-45-6780')).toBe('<EMAIL_ADDRESS> ****6780');
  });

  test('remove and null leave nothing in the middle of a text', () => {
    expect(maskerWith('remove').string('to joe@example.com!')).toBe('to !');
    expect(maskerWith('null').string('to joe@example.com!')).toBe('to !');
  });

  test('tokens are equal for one value however it is spelled, and differ by kind, value and key', () => {
    const token = maskerWith('token');
    const one = token.string('joe@example.com');
    expect(one).toMatch(/^tok_email_address_[a-z2-7]{16}$/);
    for (const same of [
      'JOE@example.com',
      'joe%40example.com',
      'ｊｏｅ＠example.com',
      'joe\\u0040example.com',
    ]) {
      expect(token.string(same)).toBe(one);
    }
    expect(token.string('jo@example.com')).not.toBe(one);
    expect(token.string('4111-1111 1111.1111')).toBe(token.string('4111111111111111'));
    // HMAC-SHA256 with that key over `EMAIL_ADDRESS`, a zero byte and the address, from OpenSSL, first ten bytes in base32.
    expect(one).toBe('tok_email_address_fprqzaufieaotuzc');
  });
});

describe('hostile texts', () => {
  const LENGTH = 20_000;
  test.each(['4', '@', 'a@', '\\', '\\u', '&#', '%4', '1-', '"@', 'ssn', '漢@', '4 ', '\u200b', '.@.', '=@'])(
    'a text of nothing but %j is read to its end',
    (unit) => {
      const text = unit.repeat(LENGTH / unit.length);
      expect(masker.string(`${text} ann@example.org`).endsWith(E)).toBe(true);
    },
  );
});
