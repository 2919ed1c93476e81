import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';

/** A question that a panel answers: PromQL and what its series are called. */
export interface Query {
  readonly promql: string;
  readonly legend: string;
}

const SOURCE = { type: 'prometheus', uid: '$datasource' } as const;
/** The whole width of a dashboard is 24. */
const HALF = 12;
const QUARTER = 6;

const target = ({ promql, legend }: Query, index: number): DataqueryBuilder =>
  new DataqueryBuilder()
    .expr(promql)
    .legendFormat(legend)
    .refId(String.fromCharCode(65 + index))
    .datasource(SOURCE);

/** Lines over time. `unit` is Grafana's name: reqps, s, bytes, short. */
export function lines(
  title: string,
  meaning: string,
  unit: string,
  ...queries: readonly Query[]
): Builder<Panel> {
  const panel = new TimeSeries()
    .title(title)
    .description(meaning)
    .unit(unit)
    .datasource(SOURCE)
    .span(HALF)
    .height(8)
    .min(0);
  return panel.targets(queries.map(target));
}

/** One number of now. */
export function figure(title: string, meaning: string, unit: string, query: Query): Builder<Panel> {
  const panel = new Stat()
    .title(title)
    .description(meaning)
    .unit(unit)
    .datasource(SOURCE)
    .span(QUARTER)
    .height(4);
  return panel.targets([target(query, 0)]);
}

/** The largest of now, longest bar first. */
export function bars(title: string, meaning: string, unit: string, query: Query): Builder<Panel> {
  const panel = new BarGauge()
    .title(title)
    .description(meaning)
    .unit(unit)
    .datasource(SOURCE)
    .span(HALF)
    .height(8)
    .min(0);
  return panel.targets([target(query, 0)]);
}

/** A dashboard with the choice of a data source. */
export function bare(uid: string, title: string, panels: readonly Builder<Panel>[]): DashboardBuilder {
  const dashboard = new DashboardBuilder(title)
    .uid(`rankguard-${uid}`)
    .tags(['rankguard'])
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'));
  for (const panel of panels) dashboard.withPanel(panel);
  return dashboard;
}

/** A dashboard with the choice of a data source and of connections, `$connection`. */
export function page(uid: string, title: string, panels: readonly Builder<Panel>[]): DashboardBuilder {
  return bare(uid, title, panels).withVariable(
    new QueryVariableBuilder('connection')
      .label('Connection')
      .datasource(SOURCE)
      .query({ query: 'label_values(rankguard_bundle_revision, connection)', refId: 'connection' })
      .refresh(2)
      .multi(true)
      .includeAll(true)
      .allValue('.*'),
  );
}

/** Selects the chosen connections, and whatever else is given. */
export function of(metric: string, ...matchers: readonly string[]): string {
  return `${metric}{${['connection=~"$connection"', ...matchers].join(', ')}}`;
}

/** Sum of rates by labels; `$__rate_interval` fits the scrape interval. */
export function rate(selector: string, by?: string): string {
  const sum = `rate(${selector}[$__rate_interval])`;
  return by === undefined ? `sum(${sum})` : `sum by (${by}) (${sum})`;
}

/** Quantile of a histogram over the chosen connections. */
export function quantile(q: number, metric: string, by?: string, ...matchers: readonly string[]): string {
  const labels = by === undefined ? 'le' : `le, ${by}`;
  return `histogram_quantile(${q}, sum by (${labels}) (rate(${of(`${metric}_bucket`, ...matchers)}[$__rate_interval])))`;
}
