import { Injectable } from '@nestjs/common';
import type { Layout } from '../core/model/layout.js';
import { MAX_REPORTS_PER_BATCH } from '../core/model/limits.js';
import type { ParsedReport } from '../core/model/parsed-report.js';
import { ReportTemplate } from '../core/model/report-template.js';
import type { StoredReport } from '../core/model/stored-report.js';
import type { Shape } from '../storage/layout-registry.js';
import type { MonitorSettings } from '../monitors/monitor-directory.js';
import type { MonitorInventory } from '../monitors/monitor.entity.js';

/** Longer reports are rare, and reading them whole is not what costs most then. */
const MAX_TEXT_BYTES = 16 * 1024;
/** What all templates may take together; beyond it the memory of them starts anew. */
const MAX_REMEMBERED_BYTES = 64 * 1024 * 1024;
const BATCH_HEAD = Buffer.from('{"reports":[');
const BATCH_TAIL = Buffer.from(']}');
const COMMA = 0x2c;

/** What all reports of a shape have in common, as it goes into the answer and beside the monitor. */
export interface KnownParts {
  readonly ignored: readonly string[];
  /** Undefined when they bring none. */
  readonly inventory: MonitorInventory | undefined;
}

/** Reports whose text was known but for its numbers. */
export interface KnownReports extends KnownParts {
  readonly layout: Layout;
  readonly reports: readonly StoredReport[];
}

/** How one monitor reports. */
interface Known extends KnownParts {
  readonly template: ReportTemplate;
  readonly shape: Shape;
  readonly bootId: string | null;
  readonly intervalMs: number | null;
}

interface Memory {
  known: Known | undefined;
  /** Requests since the last one that could be read by it. */
  misses: number;
}

/** Remembers how each monitor's reports are written, and reads those that are written so again. */
@Injectable()
export class KnownShapes {
  private readonly memories = new Map<string, Memory>();
  private bytes = 0;

  /**
   * Reads a request's body, one report or a batch.
   * @param now the hub's clock, epoch milliseconds
   * @returns undefined unless every report of it is of the monitor's known shape, and in order
   */
  read(monitor: MonitorSettings, body: Uint8Array, now: number): KnownReports | undefined {
    const memory = this.memories.get(monitor.id);
    const known = memory?.known;
    if (!known) return undefined;
    const reports = readAll(known, body, now, monitor.intervalSeconds * 1000);
    if (!reports) return undefined;
    memory.misses = 0;
    return { reports, layout: known.shape.layout, ignored: known.ignored, inventory: known.inventory };
  }

  /** Whether it is worth learning from a body that could not be read: less and less often of who never writes the same. */
  wantsToLearn(monitorId: string): boolean {
    const memory = this.memories.get(monitorId) ?? { known: undefined, misses: 0 };
    this.memories.set(monitorId, memory);
    memory.misses++;
    return (memory.misses & (memory.misses - 1)) === 0;
  }

  /**
   * Learns from a body that was read whole, and taken whole.
   * @param parsed its last report
   */
  learn(monitorId: string, body: Uint8Array, parsed: ParsedReport, shape: Shape, now: number): void {
    const memory = this.memories.get(monitorId);
    const text = findLastReport(body);
    if (!memory || !text || text.length > MAX_TEXT_BYTES) return;
    const template = ReportTemplate.learn(text, shape.order, now);
    if (!template) return;
    this.bytes += template.size - (memory.known?.template.size ?? 0);
    const { bootId, intervalMs, ignored } = parsed;
    const inventory = inventoryOf(parsed);
    memory.known = { template, shape, bootId, intervalMs, ignored, inventory };
    if (this.bytes > MAX_REMEMBERED_BYTES) {
      this.memories.clear();
      this.bytes = 0;
    }
  }
}

/** What a report says of its machine and agent beside its samples. */
export function inventoryOf({ host, agent, devices }: ParsedReport): MonitorInventory | undefined {
  if (!host && !agent && !devices) return undefined;
  return { ...(host && { host }), ...(agent && { agent }), ...(devices && { devices }) };
}

function readAll(
  known: Known,
  body: Uint8Array,
  now: number,
  intervalMs: number,
): StoredReport[] | undefined {
  const reports: StoredReport[] = [];
  const isBatch = holdsAt(body, 0, BATCH_HEAD);
  let position = isBatch ? BATCH_HEAD.length : 0;
  while (reports.length < MAX_REPORTS_PER_BATCH) {
    const reading = known.template.read(body, position, now);
    if (!reading) return undefined;
    reports.push({
      at: reading.at,
      bootId: known.bootId,
      intervalMs: known.intervalMs ?? intervalMs,
      layout: known.shape.layout,
      values: reading.values,
    });
    position = reading.end;
    if (!isBatch) return position === body.length ? reports : undefined;
    if (body[position] !== COMMA) break;
    position++;
  }
  const isWhole = position + BATCH_TAIL.length === body.length && holdsAt(body, position, BATCH_TAIL);
  return isWhole ? reports : undefined;
}

/** The text of a body's only report, or of the last one in a batch that is spelled as agents do. */
function findLastReport(body: Uint8Array): Uint8Array | undefined {
  if (!holdsAt(body, 0, BATCH_HEAD)) return body;
  if (!holdsAt(body, body.length - BATCH_TAIL.length, BATCH_TAIL)) return undefined;
  const end = body.length - BATCH_TAIL.length;
  let start = BATCH_HEAD.length;
  let depth = 0;
  for (let index = start; index < end; index++) {
    const code = body[index];
    if (code === 0x22) {
      while (++index < end && body[index] !== 0x22) if (body[index] === 0x5c) index++;
    } else if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x7d || code === 0x5d) depth--;
    else if (code === COMMA && depth === 0) start = index + 1;
  }
  return body.subarray(start, end);
}

function holdsAt(body: Uint8Array, position: number, piece: Uint8Array): boolean {
  for (let index = 0; index < piece.length; index++)
    if (body[position + index] !== piece[index]) return false;
  return true;
}
