import type { RerankConnection } from '@rankguard/contract/resources';

export type ServerName = NonNullable<RerankConnection['spec']['ingress']['server']>;

/** A setting of a server: the flags that carry it, and the variable that does where no flag is given. */
export interface ServerSetting {
  readonly flags: readonly string[];
  /** null: only flags. */
  readonly env: string | null;
}

/** How a server that Rankguard knows is moved to another port, and locked with a key. */
export interface KnownServer {
  readonly name: ServerName;
  /** Matches the repository of the image, without registry, tag and digest. */
  readonly image: RegExp;
  readonly port: ServerSetting;
  readonly host: ServerSetting;
  /** Why it cannot be kept to loopback; null: it can. */
  readonly unmovable: string | null;
  /** The variable of its API key; null: it has none that covers what callers ask. */
  readonly key: ServerSetting | null;
  /** Whether the key covers the rerank routes, so that nobody without it gets a ranking. */
  readonly keyCoversRerank: boolean;
  /** A word that the command line must hold, because the image's own entrypoint does not start the server. */
  readonly program: string | null;
}

const setting = (flags: readonly string[], env: string | null): ServerSetting => ({ flags, env });
const movable = { unmovable: null, keyCoversRerank: true, program: null } as const;

/**
 * Text Embeddings Inference: `router/src/main.rs` of huggingface/text-embeddings-inference. HOSTNAME is set by every
 * container runtime to the pod's name, so it is always given.
 */
const tei: KnownServer = {
  ...movable,
  name: 'tei',
  image: /(^|\/)text-embeddings-inference$/,
  port: setting(['--port', '-p'], 'PORT'),
  host: setting(['--hostname'], 'HOSTNAME'),
  key: setting(['--api-key'], 'API_KEY'),
};

const SERVERS: readonly KnownServer[] = [
  tei,
  // Speaks TEI, and takes its settings as TEI does.
  { ...tei, name: 'support-search', image: /(^|\/)rankguard-(support-search|example)[^/]*$/ },
  {
    // vllm/entrypoints/openai/cli_args.py: no variables. VLLM_API_KEY covers /v1 only, not /rerank and /score.
    ...movable,
    name: 'vllm',
    image: /(^|\/)vllm-openai[^/]*$/,
    port: setting(['--port'], null),
    host: setting(['--host'], null),
    key: setting(['--api-key'], 'VLLM_API_KEY'),
    keyCoversRerank: false,
  },
  {
    // infinity_emb/env.py of michaelfeil/infinity.
    ...movable,
    name: 'infinity',
    image: /(^|\/)infinity[^/]*$/,
    port: setting(['--port'], 'INFINITY_PORT'),
    host: setting(['--host'], 'INFINITY_HOST'),
    key: setting(['--api-key'], 'INFINITY_API_KEY'),
  },
  {
    // common/arg.cpp of ggml-org/llama.cpp.
    ...movable,
    name: 'llama-cpp',
    image: /(^|\/)llama(\.cpp|-cpp)[^/]*$/,
    port: setting(['--port'], 'LLAMA_ARG_PORT'),
    host: setting(['--host'], 'LLAMA_ARG_HOST'),
    key: setting(['--api-key'], 'LLAMA_API_KEY'),
  },
  {
    // src/command_line_parser.cc of triton-inference-server/server; the image's entrypoint is a wrapper.
    ...movable,
    name: 'triton',
    image: /(^|\/)tritonserver[^/]*$/,
    port: setting(['--http-port'], null),
    host: setting(['--http-address'], null),
    key: null,
    keyCoversRerank: false,
    program: 'tritonserver',
  },
  {
    // kserve/model_server.py: the port is a flag, the address is always every one.
    ...movable,
    name: 'kserve-huggingface',
    image: /(^|\/)huggingfaceserver[^/]*$/,
    port: setting(['--http_port', '--http-port'], null),
    host: setting([], null),
    unmovable: 'the server binds every address, so that its new port would be open to the network',
    key: null,
    keyCoversRerank: false,
  },
];

export function serverNamed(name: ServerName): KnownServer {
  const server = SERVERS.find((one) => one.name === name);
  if (server === undefined) throw new TypeError(`no server is called ${name}`);
  return server;
}

/** The server that an image holds, by its repository; undefined when Rankguard does not know it. */
export function serverOfImage(image: string): KnownServer | undefined {
  const repository = image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
  return SERVERS.find((server) => server.image.test(repository));
}
