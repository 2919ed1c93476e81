/** Classes of bytes; a byte may be of several. */
export const DIGIT = 1;
export const LETTER = 2;
/** May stand between the groups of a number. */
export const GAP = 4;
/** Hexadecimal digits, `:` and `.`: what network addresses are made of. */
export const ADDRESS = 8;
/** Letters, digits and `+-/_=`: what keys and encoded bytes are made of. */
export const KEY = 16;
/** White space. */
export const SPACE = 32;

const classes = new Uint8Array(256);
function add(characters: string, bits: number): void {
  for (const character of characters) {
    const code = character.charCodeAt(0);
    classes[code] = classes[code]! | bits;
  }
}
const CAPITALS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
add('0123456789', DIGIT | ADDRESS | KEY);
add(CAPITALS + CAPITALS.toLowerCase(), LETTER | KEY);
add('ABCDEFabcdef:.', ADDRESS);
add('+-/_=', KEY);
add(' -./:()_+', GAP);
add(' \t\r\n', SPACE);

/** The classes of each byte. */
export const CLASS: Uint8Array = classes;

export const isAlnum = (byte: number): boolean => (CLASS[byte]! & (DIGIT | LETTER)) !== 0;
