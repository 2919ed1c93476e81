/** A place inside a resource: member names and list indices, outermost first. */
export type Path = readonly (string | number)[];

const PLAIN_NAME = /^[A-Za-z_][\w-]*$/;

/** Writes a path the way people read it: `spec.issuers[0].claims`, `spec.modules["ranking.rego"]`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (!PLAIN_NAME.test(part)) text += `[${JSON.stringify(part)}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

const PART = /\.?([A-Za-z_][\w-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;

/** Reads what {@link formatPath} writes. Reading stops at the first part that is no path. */
export function parsePath(text: string): Path {
  const path: (string | number)[] = [];
  const part = new RegExp(PART);
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    const [, name, index, quoted] = match;
    if (name !== undefined) path.push(name);
    else if (index !== undefined) path.push(Number(index));
    else if (quoted !== undefined) path.push(String(JSON.parse(quoted)));
  }
  return path;
}
