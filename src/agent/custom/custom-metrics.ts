import type { CustomReading, Report } from '../../core/model/report.js';
import type { CustomConfig } from '../agent-config.js';
import { countRoom, CustomPart } from './custom-part.js';
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

  constructor({ dropIn }: CustomConfig) {
    this.directory = dropIn && new DropInDirectory(dropIn);
  }

  /** Never rejects. */
  async collect(): Promise<OwnMetrics> {
    const drops = (await this.directory?.read()) ?? [];
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
