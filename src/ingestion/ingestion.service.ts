import { Injectable } from '@nestjs/common';
import { DomainError } from '../core/errors.js';
import { readJsonBody } from '../common/http/json-body.js';
import { MAX_IGNORED_NAMED } from '../core/model/limits.js';
import type { ParsedReport, RejectCode } from '../core/model/parsed-report.js';
import { isRejection, parseReport } from '../core/model/parse-report.js';
import type { StoredReport } from '../core/model/stored-report.js';
import { Goodbyes } from '../monitors/goodbyes.js';
import { LiveAudience } from '../monitors/live-audience.js';
import type { Shape } from '../storage/layout-registry.js';
import { GroupCommit } from '../storage/group-commit.js';
import type { PendingReport, StoreOutcome } from '../storage/pending-report.js';
import { MonitorDirectory, type MonitorSettings } from '../monitors/monitor-directory.js';
import type { MonitorState } from '../monitors/monitor.entity.js';
import { inventoryOf, type KnownReports, KnownShapes } from './known-shapes.js';
import { OutcomeNotes } from './outcome-notes.js';
import { readEnvelope } from './read-envelope.js';
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
  /** Somebody looks at this monitor right now: report each second, marked `"live": true`. Absent otherwise. */
  readonly live?: true;
}

export interface IngestionAnswer {
  readonly accepted: number;
  readonly duplicates: number;
  /** Reports that were shown and not stored; absent where none was. */
  readonly live?: number;
  readonly rejected: readonly RejectedReport[];
  readonly ignored: readonly string[];
  /** Values that were left out of accepted reports, as the monitor has too many series; absent where none were. */
  readonly droppedValues?: number;
  /** The hub's clock, epoch milliseconds: lets a sender see how far its own is off. */
  readonly now: number;
  readonly config: MonitorConfig;
}

/** The error that an answer is sent as when nothing of its request was of use. */
export function findRefusal(answer: IngestionAnswer): DomainError | undefined {
  const { accepted, duplicates, live = 0, rejected } = answer;
  if (accepted + duplicates + live > 0 || rejected.length === 0) return undefined;
  return new DomainError('nothing_accepted', 'No report of this request was accepted.');
}

interface Noteworthy {
  readonly inventory: ReturnType<typeof inventoryOf>;
  readonly topProcesses: ParsedReport['topProcesses'];
}

/** A request's reports, each where it belongs; positions are those among `rows`. */
interface SortedReports {
  rows: PendingReport[];
  /** Of each row: its position in the request. */
  indexes: number[];
  rejected: RejectedReport[];
  ignored: Set<string>;
  /** Those that say something of their machine beside samples, by position. */
  noteworthy: Map<number, Noteworthy>;
  /** Values that were left out, by position. */
  dropped: Map<number, number>;
  /** Shown to those who look, and not stored. */
  live: StoredReport[];
  last: { parsed: ParsedReport; shape: Shape } | undefined;
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
    private readonly audience: LiveAudience,
    private readonly goodbyes: Goodbyes,
  ) {}

  /**
   * Takes a request's body in as it came over the wire, decompressed. What is written as this monitor always
   * writes it costs a tenth of the rest.
   * @param via ids of the hubs that sent it on to here, with commas
   * @throws DomainError as `ingest` and `readJsonBody`
   */
  async receive(monitorId: string, body: Buffer, address?: string, via = ''): Promise<IngestionAnswer> {
    const monitor = this.requireRunning(monitorId);
    const now = Date.now();
    const known = this.shapes.read(monitor, body, now);
    if (known && this.shaper.knows(monitorId, known.layout, now))
      return this.storeKnown(monitor, known, now, address, via);
    const value = readJsonBody(body);
    const text = this.shapes.wantsToLearn(monitorId) ? body : undefined;
    return this.ingest(monitorId, value, text, address, via);
  }

  /**
   * @param body what JSON.parse gave: one report, or `{reports: […]}`
   * @param text the same as it was written, should that be remembered
   * @param address the IP address that it came from, where that is known
   * @returns after the commit of everything it counts as accepted
   * @throws DomainError `monitor_stopped`, `unauthenticated` (the monitor is gone), `overloaded`, `storage_unavailable`
   */
  async ingest(
    monitorId: string,
    body: unknown,
    text?: Buffer,
    address?: string,
    via = '',
  ): Promise<IngestionAnswer> {
    const monitor = this.requireRunning(monitorId);
    const now = Date.now();
    const { reports, isGoodbye, unknownKeys } = readEnvelope(body);
    const sorted = await this.sort(monitor, reports, now);
    const { rows, indexes, rejected, live, dropped, last } = sorted;
    if (text && last && rejected.length + dropped.size + live.length === 0)
      this.shapes.learn(monitorId, text, last.parsed, last.shape, now);
    const outcomes = rows.length > 0 ? await this.groupCommit.store(forwarded(monitor, rows, via)) : [];
    this.notes.noteHealth(monitor, rejected, outcomes);
    await this.noteInventories(monitorId, sorted, outcomes);
    for (const report of live) this.audience.show(monitorId, report);
    if (isGoodbye) await this.goodbyes.note(monitorId);
    const ignored = [...new Set([...unknownKeys, ...sorted.ignored])].slice(0, MAX_IGNORED_NAMED);
    const droppedValues = countDropped(dropped, outcomes);
    const answer = {
      ...this.answer(monitor, outcomes, indexes, rejected, ignored),
      ...(live.length > 0 && { live: live.length }),
      ...(droppedValues > 0 && { droppedValues }),
    };
    this.notes.noteAnswer(monitor, rows, outcomes, answer, address);
    return answer;
  }

  /** What the hub wants of this monitor's sender right now. */
  describeConfig(monitorId: string): MonitorConfig {
    return this.configOf(this.requireKnown(monitorId));
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

  /** Reads every report of a request and parts what is to be stored from what is not. */
  private async sort(
    monitor: MonitorSettings,
    items: readonly unknown[],
    now: number,
  ): Promise<SortedReports> {
    const sorted: SortedReports = {
      ...{ rows: [], indexes: [], rejected: [], live: [], last: undefined },
      ...{ ignored: new Set(), noteworthy: new Map(), dropped: new Map() },
    };
    const { rows, rejected, ignored } = sorted;
    for (let index = 0; index < items.length; index++) {
      const parsed = parseReport(items[index], now);
      if (isRejection(parsed)) {
        rejected.push({ index, code: parsed.code, path: parsed.path });
        continue;
      }
      let shape = this.shaper.recall(monitor.id, parsed, now);
      if (!shape) {
        const shaped = await this.shaper.learn(monitor.id, parsed, now);
        if (!shaped) {
          rejected.push({ index, code: 'duplicate_series', path: '' });
          continue;
        }
        shape = shaped.shape;
        if (shaped.droppedValues > 0 && !parsed.isLive) sorted.dropped.set(rows.length, shaped.droppedValues);
      }
      for (const name of parsed.ignored) if (ignored.size < MAX_IGNORED_NAMED) ignored.add(name);
      const row = toPendingReport(monitor, parsed, shape, now);
      if (parsed.isLive) {
        sorted.live.push(row.report);
        continue;
      }
      const inventory = inventoryOf(parsed);
      const { topProcesses } = parsed;
      if (inventory || topProcesses) sorted.noteworthy.set(rows.length, { inventory, topProcesses });
      rows.push(row);
      sorted.indexes.push(index);
      sorted.last = { parsed, shape };
    }
    return sorted;
  }

  private async noteInventories(
    monitorId: string,
    { rows, noteworthy }: SortedReports,
    outcomes: readonly StoreOutcome[],
  ): Promise<void> {
    let isNews = false;
    for (const [position, { inventory, topProcesses }] of noteworthy) {
      const row = rows[position]!;
      if (this.notes.noteInventory(row, outcomes[position]!, inventory ?? {}, topProcesses)) isNews = true;
    }
    if (isNews) await this.notes.writeInventory(monitorId);
  }

  private async storeKnown(
    monitor: MonitorSettings,
    { reports, ignored, inventory }: KnownReports,
    now: number,
    address: string | undefined,
    via: string,
  ): Promise<IngestionAnswer> {
    const rows = reports.map((report) => ({ monitorId: monitor.id, receivedAt: now, report }));
    const outcomes = await this.groupCommit.store(forwarded(monitor, rows, via));
    if (inventory) rows.forEach((row, index) => this.notes.noteInventory(row, outcomes[index]!, inventory));
    this.notes.noteHealth(monitor, [], outcomes);
    const answer = this.answer(monitor, outcomes, undefined, [], ignored);
    this.notes.noteAnswer(monitor, rows, outcomes, answer, address);
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
      config: this.configOf(this.directory.find(monitor.id) ?? monitor),
    };
  }

  private configOf({ id, intervalSeconds, resources, state, version }: MonitorSettings): MonitorConfig {
    const config = { intervalSeconds, resources, state, version };
    return this.audience.isWatching(id) ? { ...config, live: true } : config;
  }
}

function countDropped(dropped: ReadonlyMap<number, number>, outcomes: readonly StoreOutcome[]): number {
  let count = 0;
  for (const [position, values] of dropped) if (outcomes[position] === 'accepted') count += values;
  return count;
}

/** What goes on to an endpoint says so on its way to the disk. */
function forwarded(monitor: MonitorSettings, rows: PendingReport[], via: string): PendingReport[] {
  return monitor.endpointUrl ? rows.map((row) => ({ ...row, forwardVia: via })) : rows;
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
