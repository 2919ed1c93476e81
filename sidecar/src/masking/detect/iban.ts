import { remainder } from './checksums.ts';
import type { Cluster } from './clusters.ts';
import type { Text } from './place.ts';

/** SWIFT's IBAN registry: the account part of each country, n digits, a capitals, c either. */
const REGISTRY =
  'AD8n12c AE19n AL8n16c AT16n AZ4a20c BA16n BE12n BG4a6n8c BH4a14c BI23n BR23n1a1c BY4c4n16c CH5n12c CR18n CY8n16c CZ20n ' +
  'DE18n DJ23n DK14n DO4c20n EE16n EG25n ES20n FI14n FK2a12n FO14n FR10n11c2n GB4a14n GE2a16n GI4a15c GL14n GR7n16c GT24c ' +
  'HN4a20n HR17n HU24n IE4a14n IL19n IQ4a15n IS22n IT1a10n12c JO4a22c KW4a22c KZ3n13c LB4n20c LC4a24c LI5n12c LT16n LU3n13c LV4a13c ' +
  'LY21n MC10n11c2n MD20c ME18n MK3n10c2n MN16n MR23n MT4a5n18c MU4a19n3a NI4a20n NL4a10n NO11n OM3n16c PK4a16c PL24n PS4a21c PT21n QA4a21c ' +
  'RO4a16c RS18n RU14n15c SA2n18c SC4a20n3a SD14n SE20n SI15n SK20n SM1a10n12c SO19n ST21n SV4a20n TL19n TN20n TR5n17c UA6n19c ' +
  'VA18n VG4a16n XK16n YE4a22c BF2c22n CF23n CG23n CI2a22n CM23n DZ22n GA23n GQ23n GW2c19n IR22n KM23n MA24n MG23n ML2c22n MZ21n NE2a22n SN2c22n TD23n TG2a22n AO21n BJ2c22n CV21n';

const CLASSES: Readonly<Record<string, string>> = { n: '\\d', a: '[A-Z]', c: '[A-Z0-9]' };

interface Country {
  readonly length: number;
  readonly pattern: RegExp;
}

/** Norway's. */
export const SHORTEST_IBAN = 15;

const COUNTRIES = new Map(
  REGISTRY.split(' ').map((entry) => [entry.slice(0, 2), country(entry.slice(2))] as const),
);

function country(account: string): Country {
  let length = 4;
  const pattern = account.replace(/(\d+)([nac])/g, (_, count: string, kind: string) => {
    length += Number(count);
    return `${CLASSES[kind]}{${count}}`;
  });
  return { length, pattern: new RegExp(`^[A-Z]{2}\\d{2}${pattern}$`) };
}

/** ISO 13616: the form of its country, and mod 97 of the number turned round is 1. */
export function isIban(compact: string): boolean {
  const known = COUNTRIES.get(compact.slice(0, 2));
  if (known === undefined || compact.length !== known.length || !known.pattern.test(compact)) return false;
  return remainder(compact.slice(4) + compact.slice(0, 4), 97) === 1;
}

/** International bank account numbers in a cluster, however they are grouped. */
export function findIbans(text: Text, cluster: Cluster): void {
  if (!cluster.hasLetters) return;
  const { starts, ends, offsets, compact, count } = cluster;
  for (let first = 0; first < count; first++) {
    if (!cluster.hasLetter(first)) continue;
    const from = offsets[first]!;
    const known = COUNTRIES.get(compact.slice(from, from + 2));
    if (known === undefined) continue;
    const number = compact.slice(from, from + known.length);
    let last = first;
    while (last < count && offsets[last + 1]! < from + known.length) last++;
    if (
      last === count ||
      offsets[last + 1] !== from + known.length ||
      !isIban(number) ||
      !isWritten(text, starts, ends, first, last)
    )
      continue;
    text.report('IBAN_CODE', starts[first]!, ends[last]!, 1, 'checksum');
    first = last;
  }
}

/** Groups apart by one space or dash, the first with the country, in capitals or in small letters. */
function isWritten(text: Text, starts: Uint32Array, ends: Uint32Array, first: number, last: number): boolean {
  const { buffer } = text;
  if (ends[first]! - starts[first]! < 2) return false;
  for (let at = first; at < last; at++) {
    const end = ends[at]!;
    if (starts[at + 1]! - end !== 1 || (buffer[end] !== 0x20 && buffer[end] !== 0x2d)) return false;
  }
  const value = text.slice(starts[first]!, ends[last]!);
  return value === value.toUpperCase() || value === value.toLowerCase();
}
