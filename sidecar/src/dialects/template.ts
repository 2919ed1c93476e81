/** What may stand for `{name}` and for `{*name}`; dots alone are segments that servers resolve. */
const PART = '[A-Za-z0-9._~-]+';
const LONG_PART = '(?:[A-Za-z0-9._~:-]|%3A|%2F)+';
const LONGEST_PATH = 2048;

export interface Template {
  /** The values at the template's names, decoded, when the path is one of this template; else undefined. */
  match(path: string): Readonly<Record<string, string>> | undefined;
}

export function isTemplate(path: string): boolean {
  return path.includes('{');
}

/** Compiles a path with `{name}` or `{*name}` in it. */
export function createTemplate(path: string): Template {
  const names: string[] = [];
  const source = path
    .split(/(\{\*?[a-z]+\})/)
    .map((piece) => {
      const name = /^\{(\*?)([a-z]+)\}$/.exec(piece);
      if (name === null) return piece.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&');
      names.push(name[2]!);
      return `(${name[1] === '*' ? LONG_PART : PART})`;
    })
    .join('');
  const pattern = new RegExp(`^${source}$`);
  return {
    match(given) {
      const found = given.length > LONGEST_PATH ? null : pattern.exec(given);
      if (found === null) return undefined;
      const params: Record<string, string> = {};
      for (const [at, name] of names.entries()) {
        const value = found[at + 1]!.replaceAll('%3A', ':').replaceAll('%2F', '/');
        if (value.split('/').some((segment) => segment === '' || /^\.+$/.test(segment))) return undefined;
        params[name] = value;
      }
      return params;
    },
  };
}
