import { isConflict, type Kube, type KubeObject, RESOURCES, unlessMissing } from '../kube/index.ts';

/** One Secret of the operator's own, with a JSON document in it. */
export interface SecretDocument<T> {
  /** Undefined while it does not exist. Rejects when nobody can tell. */
  read(): Promise<T | undefined>;
  /**
   * Writes what `change` makes of what is there now (undefined: nothing yet), and gives what is there then, whoever
   * wrote it: when somebody else was faster, `change` is asked again. `change` gives undefined to leave it alone.
   */
  update(change: (now: T | undefined) => Promise<T | undefined>): Promise<T | undefined>;
}

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

const KEY = 'document.json';
const MOST_TRIES = 5;
/** A chart that is removed and installed again must find its keys: nothing owns them. */
const LABELS = { 'app.kubernetes.io/managed-by': 'rankguard', 'app.kubernetes.io/part-of': 'rankguard' };

export function createSecretDocument<T>(
  kube: Pick<Kube, 'get' | 'create' | 'replace'>,
  namespace: string,
  name: string,
): SecretDocument<T> {
  const get = () => unlessMissing(kube.get<Secret>(RESOURCES.secrets, { namespace, name }));
  async function write(found: Secret | undefined, document: T): Promise<void> {
    const data = { [KEY]: Buffer.from(JSON.stringify(document)).toString('base64') };
    if (found === undefined) {
      const metadata = { namespace, name, labels: LABELS };
      await kube.create(RESOURCES.secrets, { metadata, type: 'Opaque', data });
    } else {
      const changed = { ...found, data: { ...found.data, ...data } };
      await kube.replace(RESOURCES.secrets, changed);
    }
  }
  return {
    async read() {
      return documentOf<T>(await get());
    },
    async update(change) {
      for (let tries = 1; ; tries++) {
        const found = await get();
        const now = documentOf<T>(found);
        const next = await change(now);
        if (next === undefined) return now;
        try {
          await write(found, next);
          return next;
        } catch (error) {
          if (!isConflict(error) || tries >= MOST_TRIES) throw error;
        }
      }
    },
  };
}

function documentOf<T>(secret: Secret | undefined): T | undefined {
  const text = secret?.data?.[KEY];
  return text === undefined ? undefined : (JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as T);
}
