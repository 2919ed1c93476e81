/** One call as the reranker received it: what a proof about the sidecar looks at. */
export interface JournalEntry {
  readonly time: string;
  readonly method: string;
  readonly path: string;
  /** `own`: the reranker's API key; `other`: some other credential; the value itself is never written. */
  readonly credential: 'none' | 'own' | 'other';
  /** Lower-case names of the request's header fields. */
  readonly headers: readonly string[];
  readonly body: string;
}
