import type { JsonClient } from '../client/json-client.js';
import { nameMachine } from '../wire/write-request.js';
import { CHARTS, LATEST, type Chart } from './page-charts.js';
import type { PageAnswer, PageRequest } from './target.js';

interface Matrix {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
}

interface Vector {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

/** How one peer writes what the page asks. */
export interface Dialect {
  /** The window over which a counter's rate is taken. */
  readonly rateWindowMs: (stepMs: number) => number;
  /** All charts as one expression, each marked with the label `chart`. */
  readonly join: (expressions: readonly string[]) => string;
  readonly extra?: Readonly<Record<string, string>>;
}

/** Opens the page the way dashboards do, one query a chart side by side, or with all charts in one expression. */
export class PromqlReader {
  private readonly client: JsonClient;
  private readonly dialect: Dialect;

  constructor(client: JsonClient, dialect: Dialect) {
    this.client = client;
    this.dialect = dialect;
  }

  async openPage(
    request: PageRequest,
    isGrouped: boolean,
    extra: Record<string, string> = {},
  ): Promise<PageAnswer> {
    const expressions = CHARTS.map((chart) => this.express(chart, request));
    const queries = isGrouped ? [this.dialect.join(expressions)] : expressions;
    const answers = await Promise.all(queries.map((query) => this.queryRange(query, request, extra)));
    return summarise(answers);
  }

  async readLatest(): Promise<number> {
    const query = `{__name__=~"${LATEST.peerMetrics.join('|')}"}`;
    const { data } = await this.client.postForm<Vector>('/api/v1/query', { query });
    return data.result.map(({ value }) => Number(value[1])).length;
  }

  private express({ peerMetric, isCounter }: Chart, { machine, stepMs }: PageRequest): string {
    const windowMs = isCounter ? this.dialect.rateWindowMs(stepMs) : stepMs;
    const over = isCounter ? 'rate' : 'avg_over_time';
    return `${over}(${peerMetric}{instance="${nameMachine(machine)}"}[${windowMs / 1000}s])`;
  }

  private queryRange(query: string, request: PageRequest, extra: Record<string, string>): Promise<Matrix> {
    return this.client.postForm<Matrix>('/api/v1/query_range', {
      query,
      start: String(request.fromAt / 1000),
      end: String(request.toAt / 1000),
      step: String(request.stepMs / 1000),
      ...extra,
    });
  }
}

/** Their numbers come as text: a chart needs numbers. */
function summarise(answers: readonly Matrix[]): PageAnswer {
  let series = 0;
  let points = 0;
  let meanCpuPercent = NaN;
  answers.forEach(({ data }, answer) => {
    for (const { metric, values } of data.result) {
      const column = Float64Array.from(values, ([, value]) => Number(value));
      const isCpuChart = answers.length === 1 ? metric['chart'] === '0' : answer === 0;
      if (isCpuChart) meanCpuPercent = column.reduce((sum, value) => sum + value, 0) / column.length;
      series++;
      points += column.length;
    }
  });
  return { series, points, meanCpuPercent };
}
