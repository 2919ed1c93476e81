/** Personal data, all of it made up. It is in every query and document that the suites send. */
export const PERSONAL = {
  EMAIL_ADDRESS: 'maria.keller@example.org',
  US_SSN: '536-90-4399',
  CREDIT_CARD: '4012 8888 8888 1881',
} as const;

/** Stays when the rest is masked: shows that an answer is the real one and not an empty shell. */
export const HARMLESS = 'parcel arrived broken';

export const DOCUMENTS: readonly string[] = [
  `${HARMLESS}, write to ${PERSONAL.EMAIL_ADDRESS}`,
  `SSN ${PERSONAL.US_SSN} on file, ${HARMLESS}`,
  `${HARMLESS}; card ${PERSONAL.CREDIT_CARD} was charged`,
];

const DETECTED: Readonly<Record<keyof typeof PERSONAL, RegExp>> = {
  EMAIL_ADDRESS: /maria\.keller@example\.org/i,
  US_SSN: /536[\s-]?90[\s-]?4399/,
  CREDIT_CARD: /4012[\s-]?8888[\s-]?8888[\s-]?1881/,
};

/** Which of the personal data can be read in these bytes, however a careful reader would decode them. */
export function leaksIn(bytes: Buffer | string): string[] {
  const text = Buffer.isBuffer(bytes) ? bytes.toString('latin1') : bytes;
  const readings = [
    text,
    undoEscapes(text),
    text.replaceAll('\0', ''),
    undoPercent(text),
    undoEntities(text),
  ];
  return Object.entries(DETECTED)
    .filter(([, pattern]) => readings.some((reading) => pattern.test(reading)))
    .map(([name]) => name);
}

const charOf = (code: string, radix: number) => String.fromCharCode(Number.parseInt(code, radix));

/** Twice: a JSON text inside a JSON string has its escapes escaped. */
function undoEscapes(text: string): string {
  const once = (from: string) => from.replace(/\\+u([0-9a-f]{4})/gi, (_, code: string) => charOf(code, 16));
  return once(once(text));
}

function undoPercent(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, code: string) => charOf(code, 16));
}

function undoEntities(text: string): string {
  return text.replace(/&#(\d{2,3});/g, (_, code: string) => charOf(code, 10));
}
