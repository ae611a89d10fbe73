import { BUILT_IN_PARTS, readCustom } from '../../core/model/custom-metrics.js';
import { MAX_SERIES_PER_REPORT } from '../../core/model/limits.js';
import type { ParsedReport, RejectCode } from '../../core/model/parsed-report.js';
import type { CustomReading, Report } from '../../core/model/report.js';
import { Refusal } from '../../core/model/report-values.js';

/** What was left out and why: a file's name or `statsd`, and words that hold nothing of what stood there but names. */
export interface CustomProblem {
  readonly source: string;
  readonly message: string;
}

/** A report has to fit the hub's door beside others, and the spool for days. */
const MAX_BYTES = 256 * 1024;
/** More lines than anybody reads help nobody. */
const MAX_PROBLEMS = 50;

/**
 * The part `custom` of one report. Each value is judged by the hub's own reader before it goes in: a single
 * one that the hub refuses would cost the whole report.
 */
export class CustomPart {
  readonly readings: CustomReading[] = [];
  readonly problems: CustomProblem[] = [];
  private readonly parsed: ParsedReport = {
    ...{ at: 0, bootId: null, intervalMs: null, keys: [], values: [], definitions: null, host: null },
    ...{ devices: null, topProcesses: null, ignored: [] },
  };
  private readonly seen = new Set<string>();
  private readonly named = new Set<string>();
  private bytes = 0;

  /** @param room how many series the report still takes; see `countRoom` */
  constructor(private readonly room: number) {}

  add(source: string, readings: readonly CustomReading[]): void {
    for (const reading of readings) {
      const fault = this.take(reading);
      if (fault !== undefined) this.complain(source, fault);
    }
  }

  complain(source: string, message: string): void {
    const line = `${source}: ${message}`;
    if (this.named.has(line) || this.problems.length >= MAX_PROBLEMS) return;
    this.named.add(line);
    this.problems.push({ source, message });
  }

  /** Returns why it is left out, if it is. */
  private take(reading: CustomReading): string | undefined {
    if (this.readings.length >= this.room) {
      return `a report has room for ${this.room} values of your own; those beyond are left out`;
    }
    const size = Buffer.byteLength(JSON.stringify(reading)) + 1;
    if (this.bytes + size > MAX_BYTES) {
      return `a report has room for ${MAX_BYTES / 1024} KiB of your own; what is beyond is left out`;
    }
    const fault = this.judge(reading);
    if (fault !== undefined) return fault;
    this.bytes += size;
    this.readings.push(reading);
    return undefined;
  }

  private judge(reading: CustomReading): string | undefined {
    // No JSON with this key passes the hub's door, whatever else is in the body.
    if (reading.labels && Object.hasOwn(reading.labels, '__proto__')) return 'a label may not be __proto__';
    try {
      readCustom([reading], this.parsed);
    } catch (error) {
      if (error instanceof Refusal) return explain(error.code, error.path, reading.name);
      throw error;
    }
    const key = this.parsed.keys.at(-1)!;
    if (this.seen.has(key)) return `${shorten(reading.name)} is there twice with the same labels`;
    this.seen.add(key);
    return undefined;
  }
}

function explain(code: RejectCode, path: string, name: unknown): string {
  if (code === 'bad_name' && path.endsWith('/name')) {
    return 'a name must begin with a letter and hold letters, digits, _ and dots between words';
  }
  if (path.endsWith('/name') && code !== 'reserved_name')
    return 'a name must be a text of 256 characters at most';
  const metric = shorten(String(name));
  if (code === 'reserved_name') {
    return `${metric} begins with ${shorten(metric.split('.')[0]!)}, which is built in: call it app.${metric}`;
  }
  if (code === 'duplicate_series') return `${metric} is there with another kind or unit`;
  if (path.includes('/labels')) {
    return `${metric} has a label that cannot be: 16 labels at most, names of letters, digits and _, texts of 256 characters`;
  }
  if (code === 'out_of_range') return `${metric} is a counter below zero or beyond 2^64`;
  if (code === 'unsafe_integer') return `${metric} is a counter beyond 2^53: write it as a text of digits`;
  if (path.endsWith('/kind')) return `${metric} has a kind that is neither gauge nor counter`;
  if (path.endsWith('/unit')) return `${metric} has a unit that is no text of 256 characters at most`;
  return `${metric} has a value that is no finite number`;
}

const shorten = (name: string): string => (name.length > 80 ? `${name.slice(0, 79)}…` : name);

/** Why a value would be left out, whatever else is in the report; undefined for a good one. */
export function findFault(reading: CustomReading): string | undefined {
  const part = new CustomPart(1);
  part.add('', [reading]);
  return part.problems[0]?.message;
}

/** How many values of their own users may put beside what was measured; rather too few than too many. */
export function countRoom(report: Report): number {
  const measured = Object.entries(report)
    .filter(([part]) => BUILT_IN_PARTS.has(part))
    .reduce((sum, [, part]) => sum + countLeaves(part), 0);
  return Math.max(0, MAX_SERIES_PER_REPORT - measured);
}

function countLeaves(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, one) => sum + countLeaves(one), 0);
}
