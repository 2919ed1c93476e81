/** Who can get a token in the example. Each is an OAuth client of its own; the secret is for your own machine. */
export interface Person {
  readonly clientId: string;
  readonly secret: string;
  readonly groups: readonly string[];
  /** What the person shows in the example. */
  readonly about: string;
}

function person(clientId: string, groups: readonly string[], about: string): Person {
  return { clientId, secret: `${clientId}-demo-secret`, groups, about };
}

export const PEOPLE: readonly Person[] = [
  person('ana', ['search-readers', 'billing'], 'billing support'),
  person('omar', ['search-readers', 'platform'], 'platform support'),
  person('mia', ['search-readers', 'medical-readers'], 'may read regulated tickets'),
  person(
    'lea',
    ['search-readers', 'billing', 'identity', 'platform', 'support-leads'],
    'leads the support team',
  ),
  person('ivo', [], 'an intern without any group'),
];
