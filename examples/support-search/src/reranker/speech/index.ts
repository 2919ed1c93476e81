import * as hosted from './hosted.ts';
import * as served from './served.ts';
import type { Speech } from './types.ts';

export { createSpeaker } from './speaker.ts';
export type * from './types.ts';

/** Every rerank API that the example can speak instead of TEI and Cohere. */
export const SPEECHES = {
  vllm: served.vllm,
  infinity: served.infinity,
  'llama-cpp': served.llamaCpp,
  jina: hosted.jina,
  voyage: hosted.voyage,
  mixedbread: hosted.mixedbread,
  pinecone: hosted.pinecone,
  together: hosted.together,
  nim: served.nim,
  elasticsearch: hosted.elasticsearch,
  openvino: served.openvino,
  kserve: served.kserve,
  'azure-cohere': hosted.azureCohere,
  vertex: hosted.vertex,
  sagemaker: served.sagemaker,
  bedrock: hosted.bedrock,
} as const satisfies Readonly<Record<string, Speech>>;

export type SpeechName = keyof typeof SPEECHES;
