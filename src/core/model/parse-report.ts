/**
 * Reads a report off the wire. The readers of each part are compiled from the metric catalog once,
 * at load: a new metric needs no line here.
 *
 * Strict where a wrong value would become a wrong sample, tolerant where a newer agent knows more than
 * this hub: unknown parts and keys are ignored and named, everything else must be as the contract says.
 */
import { BUILT_IN_PARTS, readCustom } from './custom-metrics.js';
import { MAX_SERIES_PER_REPORT } from './limits.js';
import { DEVICE_PARTS } from './metric-catalog.js';
import type { ParsedReport, Rejection, ValueOrigin } from './parsed-report.js';
import { readAgentState } from './read-agent-state.js';
import type { HostInventory } from './report.js';
import { devicePartReader, objectPartReader } from './report-parts.js';
import { readReportTime } from './report-time.js';
import { ignore, isObject, Refusal, takeNumber, takeText } from './report-values.js';
import { readTopProcesses } from './top-processes.js';

/**
 * @param input what JSON.parse gave for one report
 * @param now the hub's clock, epoch milliseconds: the default of `at` and the middle of its window
 * @param origins filled with where each value stood, if given
 */
export function parseReport(input: unknown, now: number, origins?: ValueOrigin[]): ParsedReport | Rejection {
  const parsed: ParsedReport = {
    at: now,
    bootId: null,
    intervalMs: null,
    keys: [],
    values: [],
    definitions: null,
    host: null,
    devices: null,
    topProcesses: null,
    ignored: [],
    origins,
  };
  try {
    if (!isObject(input)) throw new Refusal('wrong_type', '');
    for (const name in input) {
      if (input[name] === undefined) continue;
      const read = PART_READERS.get(name);
      if (read) read(input[name], parsed, now);
      else ignore(parsed, name);
    }
    if (parsed.keys.length > MAX_SERIES_PER_REPORT) throw new Refusal('too_many_series', '');
    return parsed;
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, path: error.path };
    throw error;
  }
}

export function isRejection(result: ParsedReport | Rejection): result is Rejection {
  return 'code' in result;
}

const HOST_TEXTS = ['hostname', 'os', 'kernel', 'arch', 'cpuModel', 'agentVersion'] as const;

function readHost(value: unknown, parsed: ParsedReport): void {
  if (!isObject(value)) throw new Refusal('wrong_type', '/host');
  const host: HostInventory = {};
  for (const name in value) {
    if (value[name] === undefined) continue;
    if (name === 'cores') host.cores = takeCores(value['cores']);
    else if ((HOST_TEXTS as readonly string[]).includes(name)) {
      host[name as (typeof HOST_TEXTS)[number]] = takeText(value[name], `/host/${name}`);
    } else ignore(parsed, `host.${name}`);
  }
  parsed.host = host;
}

function takeCores(value: unknown): number {
  const cores = takeNumber(value, 'gauge', '/host/cores');
  if (!Number.isInteger(cores) || cores < 0 || cores > 1_000_000)
    throw new Refusal('out_of_range', '/host/cores');
  return cores;
}

function readLive(value: unknown, parsed: ParsedReport): void {
  if (typeof value !== 'boolean') throw new Refusal('wrong_type', '/live');
  parsed.isLive = value;
}

const MAX_SENDER_INTERVAL_SECONDS = 86_400;

function readInterval(value: unknown, parsed: ParsedReport): void {
  const seconds = takeNumber(value, 'gauge', '/intervalSeconds');
  if (seconds <= 0 || seconds > MAX_SENDER_INTERVAL_SECONDS)
    throw new Refusal('out_of_range', '/intervalSeconds');
  parsed.intervalMs = Math.max(1, Math.round(seconds * 1000));
}

const readProcessCounts = objectPartReader('processes', new Set(['top']));

function readProcesses(value: unknown, parsed: ParsedReport): void {
  readProcessCounts(value, parsed);
  const { top } = value as { top?: unknown };
  if (top !== undefined) readTopProcesses(top, parsed);
}

type TopReader = (value: unknown, parsed: ParsedReport, now: number) => void;

const PART_READERS: ReadonlyMap<string, TopReader> = new Map<string, TopReader>([
  [
    'at',
    (value, parsed, now) => {
      const at = readReportTime(value, now);
      if (typeof at === 'string') throw new Refusal(at, '/at');
      parsed.at = at;
    },
  ],
  [
    'bootId',
    (value, parsed) => {
      parsed.bootId = takeText(value, '/bootId');
    },
  ],
  ['intervalSeconds', readInterval],
  ['host', readHost],
  ['agent', readAgentState],
  ['live', readLive],
  ['custom', readCustom],
  ...[...BUILT_IN_PARTS].map((part): [string, TopReader] => {
    const deviceField = (DEVICE_PARTS as Readonly<Record<string, string>>)[part];
    if (part === 'processes') return [part, readProcesses];
    return [part, deviceField ? devicePartReader(part, deviceField) : objectPartReader(part)];
  }),
]);
