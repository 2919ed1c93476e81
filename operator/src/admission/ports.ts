import type { Problem } from '@rankguard/contract';
import type { GuardingConnection, InjectionSettings, Service } from '../injection/index.ts';

/** What replicas of this and the version before put into pods: admission takes either while one replaces the other. */
export interface Accepted {
  readonly images: readonly string[];
  readonly rootKeys: readonly string[];
  /** PEM texts, each as one replica writes it. */
  readonly controlCas: readonly string[];
}

/** What admission needs of the rest of the operator. Answers come from memory; none waits for the API server. */
export interface AdmissionPorts {
  /** Whether connections and Services have been read; until then every pod that asks is refused. */
  ready(): boolean;
  settings(): InjectionSettings;
  accepted(): Accepted;
  connections(namespace: string): readonly GuardingConnection[];
  services(namespace: string): readonly Service[];
  /** Problems of a resource of ours that its schema sees; `label` stands for it in them. */
  read(object: unknown, label: string): Promise<readonly Problem[]>;
  /** Problems of a RerankPolicy, ClusterRerankPolicy or masking profile that its schema cannot see: it is compiled. */
  judge(object: unknown): Promise<readonly Problem[]>;
  /** One answer, for metrics. */
  answered(
    webhook: string,
    outcome: 'allowed' | 'refused' | 'failed',
    code: string | null,
    seconds: number,
  ): void;
  log(level: 'info' | 'warn' | 'error', message: string, facts: Readonly<Record<string, unknown>>): void;
}
