/** TEI's request counters in the Prometheus text format, by method and status class. */
export function createMetrics() {
  const counts = new Map<string, number>();

  return {
    count(method: string, status: number): void {
      const key = `${status < 400 ? 'te_request_success' : 'te_request_failure'}{method="${method === 'POST' ? 'batch' : 'other'}"}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    },
    render(): string {
      const names = ['te_request_success', 'te_request_failure'];
      const lines = names.flatMap((name) => [
        `# TYPE ${name} counter`,
        ...[...counts].filter(([key]) => key.startsWith(name)).map(([key, value]) => `${key} ${value}`),
      ]);
      return `${lines.join('\n')}\n`;
    },
  };
}
