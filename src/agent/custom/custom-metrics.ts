import { performance } from 'node:perf_hooks';
import type { CustomReading, Report } from '../../core/model/report.js';
import type { CustomConfig } from '../agent-config.js';
import { countRoom, CustomPart } from './custom-part.js';
import { StatsdAggregate } from './statsd-aggregate.js';
import { StatsdPort } from './statsd-port.js';
import { DropInDirectory, type DropIn } from './drop-in-directory.js';

/** What users measure themselves, for one report. */
export interface OwnMetrics {
  /** The part `custom` with all that this report has room for; no part where there is nothing. */
  fit: (report: Report) => FittedMetrics;
}

export interface FittedMetrics {
  custom: { custom?: CustomReading[] };
  /** A line for each reason why something is left out. */
  leftOut: string[];
}

/** Puts together what users measure themselves, from wherever it comes. */
export class CustomMetrics {
  private readonly directory: DropInDirectory | undefined;
  private readonly aggregate: StatsdAggregate | undefined;
  private readonly port: StatsdPort | undefined;

  constructor({ dropIn, statsd }: CustomConfig) {
    this.directory = dropIn && new DropInDirectory(dropIn);
    if (!statsd) return;
    const now = () => performance.now();
    const aggregate = new StatsdAggregate({ idleMs: statsd.idleMs, now, random: Math.random });
    this.aggregate = aggregate;
    this.port = new StatsdPort(statsd.port, (datagram) => aggregate.take(datagram));
  }

  /** From now on what comes by StatsD is taken; files need no opening. */
  open(): void {
    this.port?.open();
  }

  close(): void {
    this.port?.close();
  }

  /** Never rejects. What came by StatsD is given once: call it for reports that are kept. */
  async collect(): Promise<OwnMetrics> {
    const drops = [...((await this.directory?.read()) ?? [])];
    const counted = this.aggregate?.drain();
    if (counted) {
      const problems = this.port?.problem ? [this.port.problem, ...counted.problems] : counted.problems;
      drops.push({ source: 'statsd', readings: counted.readings, problems });
    }
    return { fit: (report) => fit(report, drops) };
  }
}

function fit(report: Report, drops: readonly DropIn[]): FittedMetrics {
  const part = new CustomPart(countRoom(report));
  for (const { source, readings, problems } of drops) {
    for (const problem of problems) part.complain(source, problem);
    part.add(source, readings);
  }
  return {
    custom: part.readings.length > 0 ? { custom: part.readings } : {},
    leftOut: part.problems.map(({ source, message }) => `${source}: ${message}`),
  };
}
