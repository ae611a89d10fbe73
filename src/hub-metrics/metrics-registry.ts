import { Injectable } from '@nestjs/common';
import { Counter, Gauge, type Histogram, Registry } from 'prom-client';
import type { Distribution } from '../common/distribution.js';

type Labels = Readonly<Record<string, string>>;
/** Says one value of a metric; a value that is not known is NaN. */
type Say = (value: number, labels?: Labels) => void;

/** prom-client's registry for numbers that stand elsewhere and are read when somebody asks. */
@Injectable()
export class MetricsRegistry {
  private readonly registry = new Registry();

  get contentType(): string {
    return this.registry.contentType;
  }

  render(): Promise<string> {
    return this.registry.metrics();
  }

  counter(
    name: string,
    help: string,
    read: (say: Say) => void | Promise<void>,
    labelNames: string[] = [],
  ): void {
    const counter = new Counter({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect: async () => {
        counter.reset();
        await read((value, labels = {}) => counter.inc(labels, value));
      },
    });
  }

  gauge(
    name: string,
    help: string,
    read: (say: Say) => void | Promise<void>,
    labelNames: string[] = [],
  ): void {
    const gauge = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect: async () => {
        gauge.reset();
        await read((value, labels = {}) => gauge.set(labels, value));
      },
    });
  }

  /** prom-client would count again what is counted already: it only prints these. */
  histogram(
    name: string,
    help: string,
    read: () => Iterable<{ readonly labels: Labels; readonly values: Distribution }>,
  ): void {
    const get = () => {
      const values = Array.from(read(), (entry) => listBuckets(name, entry.labels, entry.values)).flat();
      return Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values });
    };
    this.registry.registerMetric({ name, help, get } as unknown as Histogram);
  }
}

function listBuckets(name: string, labels: Labels, { bounds, counts, sum }: Distribution): object[] {
  let count = 0;
  const buckets = Array.from(counts, (more, index) => {
    count += more;
    const le = index < bounds.length ? String(bounds[index]) : '+Inf';
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
