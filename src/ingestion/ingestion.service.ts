import { Injectable } from '@nestjs/common';
import { DomainError } from '../core/errors.js';
import { readJsonBody } from '../common/http/json-body.js';
import { MAX_IGNORED_NAMED, MAX_REPORTS_PER_BATCH } from '../core/model/limits.js';
import type { ParsedReport, RejectCode } from '../core/model/parsed-report.js';
import { isRejection, parseReport } from '../core/model/parse-report.js';
import { readText } from '../core/model/report-text.js';
import type { Shape } from '../storage/layout-registry.js';
import { GroupCommit } from '../storage/group-commit.js';
import type { PendingReport, StoreOutcome } from '../storage/pending-report.js';
import { MonitorDirectory, type MonitorSettings } from '../monitors/monitor-directory.js';
import type { MonitorInventory, MonitorState } from '../monitors/monitor.entity.js';
import { type KnownReports, KnownShapes } from './known-shapes.js';
import { OutcomeNotes } from './outcome-notes.js';
import { ReportShaper } from './report-shaper.js';

export interface RejectedReport {
  /** Position in the batch, from 0. */
  readonly index: number;
  readonly code: RejectCode;
  /** JSON pointer into that report. */
  readonly path: string;
}

/** What the hub wants of the sender: the only thing that an answer can carry. */
export interface MonitorConfig {
  readonly intervalSeconds: number;
  readonly resources: readonly string[];
  readonly state: MonitorState;
  readonly version: number;
}

export interface IngestionAnswer {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly RejectedReport[];
  readonly ignored: readonly string[];
  /** Values that were left out of accepted reports, as the monitor has too many series; absent where none were. */
  readonly droppedValues?: number;
  /** The hub's clock, epoch milliseconds: lets a sender see how far its own is off. */
  readonly now: number;
  readonly config: MonitorConfig;
}

/** The error that an answer is sent as when nothing of its request was of use. */
export function findRefusal({ accepted, duplicates, rejected }: IngestionAnswer): DomainError | undefined {
  if (accepted + duplicates > 0 || rejected.length === 0) return undefined;
  return new DomainError('nothing_accepted', 'No report of this request was accepted.');
}

const STOPPED_RETRY_SECONDS = 60;

/** Takes reports in, whichever door they came through: check, commit, count. */
@Injectable()
export class IngestionService {
  constructor(
    private readonly directory: MonitorDirectory,
    private readonly shaper: ReportShaper,
    private readonly groupCommit: GroupCommit,
    private readonly shapes: KnownShapes,
    private readonly notes: OutcomeNotes,
  ) {}

  /**
   * Takes a request's body in as it came over the wire, decompressed. What is written as this monitor always
   * writes it costs a tenth of the rest.
   * @throws DomainError as `ingest` and `readJsonBody`
   */
  async receive(monitorId: string, body: Buffer): Promise<IngestionAnswer> {
    const monitor = this.requireRunning(monitorId);
    const now = Date.now();
    const known = this.shapes.read(monitor, body, now);
    if (known && this.shaper.knows(monitorId, known.layout, now)) return this.storeKnown(monitor, known, now);
    const value = readJsonBody(body);
    return this.ingest(monitorId, value, this.shapes.wantsToLearn(monitorId) ? body : undefined);
  }

  /**
   * @param body what JSON.parse gave: one report, or `{reports: […]}`
   * @param text the same as it was written, should that be remembered
   * @returns after the commit of everything it counts as accepted
   * @throws DomainError `monitor_stopped`, `unauthenticated` (the monitor is gone), `overloaded`, `storage_unavailable`
   */
  async ingest(monitorId: string, body: unknown, text?: Buffer): Promise<IngestionAnswer> {
    const monitor = this.requireRunning(monitorId);
    const now = Date.now();
    const items = listReports(body);
    const rejected: RejectedReport[] = [];
    const ignored = new Set(listUnknownKeys(body));
    const rows: PendingReport[] = [];
    const indexes: number[] = [];
    const inventories = new Map<number, ParsedReport>();
    const dropped = new Map<number, number>();
    let last: { parsed: ParsedReport; shape: Shape } | undefined;
    for (let index = 0; index < items.length; index++) {
      const parsed = parseReport(items[index], now);
      if (isRejection(parsed)) {
        rejected.push({ index, code: parsed.code, path: parsed.path });
        continue;
      }
      let shape = this.shaper.recall(monitorId, parsed, now);
      if (!shape) {
        const shaped = await this.shaper.learn(monitorId, parsed, now);
        if (!shaped) {
          rejected.push({ index, code: 'duplicate_series', path: '' });
          continue;
        }
        shape = shaped.shape;
        if (shaped.droppedValues > 0) dropped.set(rows.length, shaped.droppedValues);
      }
      for (const name of parsed.ignored) if (ignored.size < MAX_IGNORED_NAMED) ignored.add(name);
      if (parsed.host || parsed.devices || parsed.topProcesses) inventories.set(rows.length, parsed);
      rows.push(toPendingReport(monitor, parsed, shape, now));
      indexes.push(index);
      last = { parsed, shape };
    }
    if (text && last && rejected.length === 0 && dropped.size === 0)
      this.shapes.learn(monitorId, text, last.parsed, last.shape, now);
    const outcomes = rows.length > 0 ? await this.groupCommit.store(rows) : [];
    for (const [position, parsed] of inventories)
      this.notes.noteInventory(
        rows[position]!,
        outcomes[position]!,
        inventoryOf(parsed),
        parsed.topProcesses,
      );
    this.notes.noteHealth(monitor, rejected, outcomes);
    const droppedValues = countDropped(dropped, outcomes);
    const counted = this.answer(monitor, outcomes, indexes, rejected, [...ignored]);
    const answer = droppedValues > 0 ? { ...counted, droppedValues } : counted;
    this.notes.noteAnswer(monitor, rows, outcomes, answer);
    return answer;
  }

  /** What the hub wants of this monitor's sender right now. */
  describeConfig(monitorId: string): MonitorConfig {
    return configOf(this.requireKnown(monitorId));
  }

  private requireKnown(monitorId: string): MonitorSettings {
    const monitor = this.directory.find(monitorId);
    // A key of a deleted monitor is no key.
    if (!monitor) throw new DomainError('unauthenticated', 'This API key is not valid.');
    return monitor;
  }

  private requireRunning(monitorId: string): MonitorSettings {
    const monitor = this.requireKnown(monitorId);
    if (monitor.state === 'stopped') {
      throw new DomainError(
        'monitor_stopped',
        'This monitor is stopped. Keep what you have and ask again in a minute.',
        undefined,
        STOPPED_RETRY_SECONDS,
      );
    }
    return monitor;
  }

  private async storeKnown(
    monitor: MonitorSettings,
    { reports, ignored, inventory }: KnownReports,
    now: number,
  ): Promise<IngestionAnswer> {
    const rows = reports.map((report) => ({ monitorId: monitor.id, receivedAt: now, report }));
    const outcomes = await this.groupCommit.store(rows);
    if (inventory) rows.forEach((row, index) => this.notes.noteInventory(row, outcomes[index]!, inventory));
    this.notes.noteHealth(monitor, [], outcomes);
    const answer = this.answer(monitor, outcomes, undefined, [], ignored);
    this.notes.noteAnswer(monitor, rows, outcomes, answer);
    return answer;
  }

  private answer(
    monitor: MonitorSettings,
    outcomes: readonly StoreOutcome[],
    /** Positions in the request; undefined: each at its own. */
    indexes: readonly number[] | undefined,
    rejected: RejectedReport[],
    ignored: readonly string[],
  ): IngestionAnswer {
    let accepted = 0;
    let duplicates = 0;
    outcomes.forEach((outcome, position) => {
      if (outcome === 'accepted') accepted++;
      else if (outcome === 'duplicate') duplicates++;
      else rejected.push({ index: indexes?.[position] ?? position, code: outcome, path: '' });
    });
    if (rejected.length > 1) rejected.sort((a, b) => a.index - b.index);
    return {
      accepted,
      duplicates,
      rejected,
      ignored,
      now: Date.now(),
      // As it is now: it may have been changed while the commit ran.
      config: configOf(this.directory.find(monitor.id) ?? monitor),
    };
  }
}

function countDropped(dropped: ReadonlyMap<number, number>, outcomes: readonly StoreOutcome[]): number {
  let count = 0;
  for (const [position, values] of dropped) if (outcomes[position] === 'accepted') count += values;
  return count;
}

function configOf(monitor: MonitorSettings): MonitorConfig {
  const { intervalSeconds, resources, state, version } = monitor;
  return { intervalSeconds, resources, state, version };
}

function inventoryOf({ host, devices }: ParsedReport): MonitorInventory {
  return { ...(host && { host }), ...(devices && { devices }) };
}

function listReports(body: unknown): readonly unknown[] {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, 'reports')) return [body];
  const { reports } = body as { reports: unknown };
  if (!Array.isArray(reports)) {
    throw new DomainError('invalid_input', 'reports must be a list of reports.', '/reports');
  }
  if (reports.length > MAX_REPORTS_PER_BATCH) {
    throw new DomainError(
      'invalid_input',
      `A request carries at most ${MAX_REPORTS_PER_BATCH} reports. Send smaller batches.`,
      '/reports',
    );
  }
  return reports;
}

/** What stands beside the list of a batch is of no report: named, like everything that is ignored. */
function listUnknownKeys(body: unknown): string[] {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, 'reports')) return [];
  return Object.keys(body)
    .filter((key) => key !== 'reports' && 'text' in readText(key))
    .slice(0, MAX_IGNORED_NAMED);
}

function toPendingReport(
  monitor: MonitorSettings,
  parsed: ParsedReport,
  shape: Shape,
  now: number,
): PendingReport {
  const values = new Float64Array(parsed.values.length);
  for (let index = 0; index < values.length; index++) values[index] = parsed.values[shape.order[index]!]!;
  return {
    monitorId: monitor.id,
    receivedAt: now,
    report: {
      at: parsed.at,
      bootId: parsed.bootId,
      intervalMs: parsed.intervalMs ?? monitor.intervalSeconds * 1000,
      layout: shape.layout,
      values,
    },
  };
}
