import type { ServedModel, ServedModelRoute } from './types.ts';

type Members = Readonly<Record<string, unknown>>;

const LONGEST_NAME = 256;

const members = (value: unknown): Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};

/** A name that may stand in facts, records and logs; null: no name. */
function nameOf(value: unknown): string | null {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) && value.length <= LONGEST_NAME
    ? value
    : null;
}

/** TEI's `/info`: the model's id, and the commit of its repository (router/src/http/types.rs, Info). */
export const TEI_INFO: ServedModelRoute = {
  path: '/info',
  read(answer) {
    const { model_id: id, model_sha: sha } = members(answer);
    const name = nameOf(id);
    return name === null ? null : { name, version: nameOf(sha) };
  },
};

/**
 * A list of models as OpenAI's API has it (https://platform.openai.com/docs/api-reference/models/list), which names no
 * versions. Adapters name the model that they belong to (vLLM's `parent`); of several models none is the one.
 */
export function modelList(path: string): ServedModelRoute {
  return {
    path,
    read(answer): ServedModel | null {
      const { data } = members(answer);
      if (!Array.isArray(data)) return null;
      const own = data.map(members).filter(({ parent }) => typeof parent !== 'string');
      const name = own.length === 1 ? nameOf(own[0]?.['id']) : null;
      return name === null ? null : { name, version: null };
    },
  };
}
