import { type JsonDocument, Kind } from '../../json/types.ts';
import type { Shape } from '../define.ts';
import { ambiguousMember, memberNames, misread, stringMember } from '../shape.ts';
import type { Misread, ResultReading, SentPart } from '../types.ts';

const BODY = memberNames('id', 'parameters', 'inputs', 'outputs');
const TENSOR = memberNames('name', 'shape', 'datatype', 'parameters', 'data');
const CANDIDATES = ['documents', 'document', 'texts', 'text', 'passages', 'candidates'];
const SCORES = ['scores', 'score', 'logits', 'relevance_score', 'relevance_scores', 'similarity'];

interface Tensor {
  readonly name: string;
  readonly dataToken: number;
  readonly values: readonly number[];
}

/** A tensor of one column whose data stand in the JSON text, row by row. */
function readTensor(document: JsonDocument, token: number, kind: Kind): Tensor | string {
  if (document.kind(token) !== Kind.Object) return 'a tensor must be an object';
  const nameToken = stringMember(document, token, 'name');
  if (nameToken === -1) return 'a tensor must have a name';
  const dataToken = document.get(token, 'data');
  // Binary tensors stand behind the JSON text, where no policy reads them.
  if (dataToken === -1 || document.kind(dataToken) !== Kind.Array)
    return 'a tensor must have its data as JSON';
  const values = [...document.elements(dataToken)];
  if (values.some((value) => document.kind(value) !== kind))
    return 'the data of a tensor must be a flat list';
  const shape = document.get(token, 'shape');
  if (shape === -1 || document.kind(shape) !== Kind.Array) return 'a tensor must have a shape';
  const sizes = [...document.elements(shape)].map((size) => document.raw(size));
  const expected = sizes.filter((size) => size !== '1');
  const fits = values.length === 1 ? expected.length === 0 : expected.join() === String(values.length);
  return fits ? { name: document.string(nameToken), dataToken, values } : 'a tensor must be one column';
}

function readInputs(document: JsonDocument): Tensor[] | Misread {
  if (document.kind(0) !== Kind.Object) return misread('the body must be an object');
  const ambiguous = ambiguousMember(document, 0, BODY);
  if (ambiguous) return ambiguous;
  const inputs = document.get(0, 'inputs');
  if (inputs === -1 || document.kind(inputs) !== Kind.Array) return misread('inputs must be a list');
  const tensors: Tensor[] = [];
  for (const token of document.elements(inputs)) {
    const twin = document.kind(token) === Kind.Object ? ambiguousMember(document, token, TENSOR) : undefined;
    if (twin) return twin;
    const tensor = readTensor(document, token, Kind.String);
    if (typeof tensor === 'string') return misread(tensor);
    if (stringText(document, token, 'datatype') !== 'BYTES')
      return misread('the inputs must be of datatype BYTES');
    tensors.push(tensor);
  }
  return tensors;
}

function stringText(document: JsonDocument, object: number, name: string): string | undefined {
  const token = stringMember(document, object, name);
  return token === -1 ? undefined : document.string(token);
}

/**
 * The Open Inference Protocol, version 2 (https://github.com/kserve/open-inference-protocol), for rerankers with the
 * two inputs `query` and `documents`: the protocol itself says nothing of what tensors mean, and other inputs are
 * refused. Answers are one score for each document in their order.
 */
export const infer: Shape = {
  readRequest(document, route) {
    const tensors = readInputs(document);
    if ('ok' in tensors) return tensors;
    const query = tensors.find(({ name }) => name === 'query');
    const candidates = tensors.find(({ name }) => CANDIDATES.includes(name));
    if (tensors.length !== 2 || query === undefined || candidates === undefined) {
      return misread(`the inputs must be query and one of ${CANDIDATES.join(', ')}`);
    }
    if (query.values.length !== 1) return misread('there must be one query');
    if (candidates.values.length === 0) return misread(`${candidates.name} must not be empty`);
    const queryToken = query.values[0]!;
    return {
      ok: true,
      model: route.params?.['model'] ?? null,
      modelVersion: route.params?.['version'] ?? null,
      parts: [
        {
          query: document.string(queryToken),
          queryToken,
          documentsToken: candidates.dataToken,
          candidates: candidates.values,
        },
      ],
      topN: null,
      topNToken: -1,
      members: BODY.known,
    };
  },
  readResponse: readOutputs,
  empty: ({ model }) => ({ model_name: model, outputs: [] }),
};

function readOutputs(document: JsonDocument, [sent]: readonly SentPart[]) {
  const outputs = document.kind(0) === Kind.Object ? document.get(0, 'outputs') : -1;
  if (outputs === -1 || document.kind(outputs) !== Kind.Array) {
    return misread('outputs are not a list', 'UPSTREAM_SHAPE');
  }
  const tokens = [...document.elements(outputs)];
  const named = tokens.filter((token) => {
    const name = document.kind(token) === Kind.Object ? stringText(document, token, 'name') : undefined;
    return name !== undefined && SCORES.includes(name);
  });
  const chosen = tokens.length === 1 ? tokens : named;
  if (chosen.length !== 1)
    return misread('no output, or more than one, could be the scores', 'UPSTREAM_SHAPE');
  const tensor = readTensor(document, chosen[0]!, Kind.Number);
  if (typeof tensor === 'string') return misread(tensor, 'UPSTREAM_SHAPE');
  if (tensor.values.length !== sent?.count) {
    return misread('another number of scores than documents', 'UPSTREAM_SHAPE');
  }
  const results = tensor.values.map(
    (token, index): ResultReading => ({
      index,
      indexToken: -1,
      token,
      score: document.number(token),
      documentToken: -1,
    }),
  );
  return { ok: true, parts: [{ resultsToken: tensor.dataToken, results, positional: true }] } as const;
}
