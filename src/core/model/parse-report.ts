/**
 * Reads a report off the wire. The readers of each part are compiled from the metric catalog once,
 * at load: a new metric needs no line here.
 *
 * Strict where a wrong value would become a wrong sample, tolerant where a newer agent knows more than
 * this hub: unknown parts and keys are ignored and named, everything else must be as the contract says.
 */
import type { CustomDefinition } from './layout.js';
import { MAX_IGNORED_NAMED, MAX_SERIES_PER_REPORT } from './limits.js';
import type { MetricDefinition, MetricKind } from './metric-catalog.js';
import { DEVICE_PARTS, DEVICE_TEXTS, METRICS, findMetric } from './metric-catalog.js';
import type { HostInventory } from './report.js';
import { readReportTime } from './report-time.js';
import { readText } from './report-text.js';
import { formatSeriesKey, labelledKey } from './series-key.js';

/** Why a report was refused; stable, part of the public contract. */
export type RejectCode =
  | 'wrong_type'
  | 'not_finite'
  | 'out_of_range'
  | 'bad_timestamp'
  | 'timestamp_out_of_range'
  | 'bad_text'
  | 'too_long'
  | 'bad_name'
  | 'reserved_name'
  | 'duplicate_series'
  | 'too_many_series'
  | 'monitor_deleted';

export interface Rejection {
  readonly code: RejectCode;
  /** JSON pointer into the report. */
  readonly path: string;
}

/** A report's content, checked; keys in the order of arrival and not yet a layout. */
export interface ParsedReport {
  at: number;
  bootId: string | null;
  /** What the sender says of its own interval; null when it says nothing. */
  intervalMs: number | null;
  keys: string[];
  values: number[];
  /** Kind and unit of each custom metric, by name. */
  definitions: Record<string, CustomDefinition> | null;
  host: HostInventory | null;
  /** Describing texts of devices, by part and device: `storage` → `/` → `{device, fsType}`. */
  devices: Record<string, Record<string, Record<string, string>>> | null;
  ignored: string[];
}

/** Thrown and caught inside this file: a refusal may come from any depth of the walk. */
class Refusal extends Error {
  constructor(
    readonly code: RejectCode,
    readonly path: string,
  ) {
    super(code);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The text of a JSON pointer token (RFC 6901). */
const pointer = (token: string): string =>
  token.includes('~') || token.includes('/') ? token.replace(/~/g, '~0').replace(/\//g, '~1') : token;

/**
 * @param input what JSON.parse gave for one report
 * @param now the hub's clock, epoch milliseconds: the default of `at` and the middle of its window
 */
export function parseReport(input: unknown, now: number): ParsedReport | Rejection {
  const parsed: ParsedReport = {
    at: now,
    bootId: null,
    intervalMs: null,
    keys: [],
    values: [],
    definitions: null,
    host: null,
    devices: null,
    ignored: [],
  };
  try {
    if (!isObject(input)) throw new Refusal('wrong_type', '');
    for (const name in input) {
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

function ignore(parsed: ParsedReport, path: string): void {
  if (parsed.ignored.length >= MAX_IGNORED_NAMED) return;
  const checked = readText(path);
  if ('text' in checked) parsed.ignored.push(checked.text);
}

function takeText(value: unknown, path: string): string {
  const checked = readText(value);
  if ('fault' in checked) throw new Refusal(checked.fault, path);
  return checked.text;
}

function takeNumber(value: unknown, kind: MetricKind, path: string): number {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Refusal('not_finite', path);
    return value;
  }
  // A counter beyond 2^53 travels as a string; the nearest double is kept.
  if (kind === 'counter' && typeof value === 'string' && /^\d{1,20}$/.test(value)) return Number(value);
  throw new Refusal('wrong_type', path);
}

function takeMetric(value: unknown, metric: MetricDefinition, path: string): number {
  const number = takeNumber(value, metric.kind, path);
  if (number < 0) throw new Refusal('out_of_range', path);
  return number;
}

interface PartField {
  readonly field: string;
  readonly metric: MetricDefinition;
  /** Percentages of the CPU may be given per core, so up to 100 × cores. */
  readonly isPercent: boolean;
  readonly keysByDevice: Map<string, string>;
}

interface PartPlan {
  readonly part: string;
  readonly fields: ReadonlyMap<string, PartField>;
  readonly bounded: readonly PartField[];
}

const partOf = (metric: MetricDefinition): string => metric.name.slice(0, metric.name.indexOf('.'));
const fieldOf = (metric: MetricDefinition): string => metric.name.slice(metric.name.indexOf('.') + 1);

function planPart(part: string): PartPlan {
  const fields = METRICS.filter((metric) => partOf(metric) === part).map((metric) => ({
    field: fieldOf(metric),
    metric,
    isPercent: metric.unit === 'percent',
    keysByDevice: new Map<string, string>(),
  }));
  return {
    part,
    fields: new Map(fields.map((field) => [field.field, field])),
    bounded: fields.filter((field) => field.metric.notAbove !== undefined),
  };
}

/** Spelled keys are kept for the devices seen: a thousand machines have the same `/` and `eth0`. */
const MAX_REMEMBERED_DEVICES = 10_000;

function deviceKey(field: PartField, device: string): string {
  const known = field.keysByDevice.get(device);
  if (known !== undefined) return known;
  if (field.keysByDevice.size >= MAX_REMEMBERED_DEVICES) field.keysByDevice.clear();
  const key = labelledKey(field.metric.name, field.metric.label!, device);
  field.keysByDevice.set(device, key);
  return key;
}

function checkBounds(plan: PartPlan, part: Record<string, unknown>, path: string): void {
  for (const { field, metric } of plan.bounded) {
    const value = part[field];
    const bound = part[metric.notAbove!];
    if (typeof value === 'number' && typeof bound === 'number' && value > bound) {
      throw new Refusal('out_of_range', `${path}/${field}`);
    }
  }
}

function readSamples(
  plan: PartPlan,
  part: Record<string, unknown>,
  path: string,
  percentLimit: number,
  parsed: ParsedReport,
  device: string | undefined,
  skipped: ReadonlySet<string>,
): void {
  for (const name in part) {
    const field = plan.fields.get(name);
    if (field === undefined) {
      if (!skipped.has(name)) ignore(parsed, `${plan.part}.${name}`);
      continue;
    }
    const value = part[name];
    if (device === undefined && field.metric.label !== undefined) {
      readNumberArray(field, value, `${path}/${name}`, percentLimit, parsed);
      continue;
    }
    const number = takeMetric(value, field.metric, `${path}/${name}`);
    if (field.isPercent && number > percentLimit) throw new Refusal('out_of_range', `${path}/${name}`);
    parsed.keys.push(device === undefined ? field.metric.name : deviceKey(field, device));
    parsed.values.push(number);
  }
  checkBounds(plan, part, path);
}

/** A plain array of numbers is a series labelled by index: `cpu.perCorePercent{core="0"}`. */
function readNumberArray(
  field: PartField,
  value: unknown,
  path: string,
  percentLimit: number,
  parsed: ParsedReport,
): void {
  if (!Array.isArray(value)) throw new Refusal('wrong_type', path);
  if (value.length > MAX_SERIES_PER_REPORT) throw new Refusal('too_many_series', path);
  for (let index = 0; index < value.length; index++) {
    const number = takeMetric(value[index], field.metric, `${path}/${index}`);
    if (field.isPercent && number > percentLimit) throw new Refusal('out_of_range', `${path}/${index}`);
    parsed.keys.push(deviceKey(field, String(index)));
    parsed.values.push(number);
  }
}

const NOTHING_SKIPPED: ReadonlySet<string> = new Set();

function objectPartReader(name: string): PartReader {
  const plan = planPart(name);
  return (value, parsed) => {
    if (!isObject(value)) throw new Refusal('wrong_type', `/${name}`);
    const cores = value['cores'];
    const percentLimit = typeof cores === 'number' && cores > 1 ? 100 * cores : 100;
    readSamples(plan, value, `/${name}`, percentLimit, parsed, undefined, NOTHING_SKIPPED);
  };
}

function devicePartReader(name: string, deviceField: string): PartReader {
  const plan = planPart(name);
  const texts = DEVICE_TEXTS[name]!;
  const skipped = new Set([deviceField, ...texts]);
  return (value, parsed) => {
    if (!Array.isArray(value)) throw new Refusal('wrong_type', `/${name}`);
    if (value.length > MAX_SERIES_PER_REPORT) throw new Refusal('too_many_series', `/${name}`);
    for (let index = 0; index < value.length; index++) {
      const path = `/${name}/${index}`;
      const item: unknown = value[index];
      if (!isObject(item)) throw new Refusal('wrong_type', path);
      const device = takeText(item[deviceField], `${path}/${deviceField}`);
      readSamples(plan, item, path, 100, parsed, device, skipped);
      for (const text of texts) {
        if (item[text] !== undefined) {
          noteDeviceText(parsed, name, device, text, takeText(item[text], `${path}/${text}`));
        }
      }
    }
  };
}

function noteDeviceText(
  parsed: ParsedReport,
  part: string,
  device: string,
  field: string,
  text: string,
): void {
  parsed.devices ??= {};
  const devices = (parsed.devices[part] ??= Object.create(null) as Record<string, Record<string, string>>);
  (devices[device] ??= {})[field] = text;
}

const HOST_TEXTS = ['hostname', 'os', 'kernel', 'arch', 'cpuModel', 'agentVersion'] as const;

function readHost(value: unknown, parsed: ParsedReport): void {
  if (!isObject(value)) throw new Refusal('wrong_type', '/host');
  const host: HostInventory = {};
  for (const name in value) {
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

const MAX_SENDER_INTERVAL_SECONDS = 86_400;

function readInterval(value: unknown, parsed: ParsedReport): void {
  const seconds = takeNumber(value, 'gauge', '/intervalSeconds');
  if (seconds <= 0 || seconds > MAX_SENDER_INTERVAL_SECONDS)
    throw new Refusal('out_of_range', '/intervalSeconds');
  parsed.intervalMs = Math.max(1, Math.round(seconds * 1000));
}

const METRIC_NAME = /^[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*$/;
const LABEL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const CUSTOM_FIELDS: ReadonlySet<string> = new Set(['name', 'value', 'unit', 'kind', 'labels']);
const BUILT_IN_PARTS: ReadonlySet<string> = new Set(METRICS.map(partOf));

function readCustom(value: unknown, parsed: ParsedReport): void {
  if (!Array.isArray(value)) throw new Refusal('wrong_type', '/custom');
  if (value.length > MAX_SERIES_PER_REPORT) throw new Refusal('too_many_series', '/custom');
  value.forEach((item: unknown, index) => readCustomMetric(item, `/custom/${index}`, parsed));
}

function readCustomMetric(item: unknown, path: string, parsed: ParsedReport): void {
  if (!isObject(item)) throw new Refusal('wrong_type', path);
  const name = takeText(item['name'], `${path}/name`);
  if (!METRIC_NAME.test(name)) throw new Refusal('bad_name', `${path}/name`);
  // A custom `cpu.temperature` would one day clash with a built-in: the parts' names are taken whole.
  if (findMetric(name) || BUILT_IN_PARTS.has(name.split('.')[0]!))
    throw new Refusal('reserved_name', `${path}/name`);
  const kind = item['kind'] ?? 'gauge';
  if (kind !== 'gauge' && kind !== 'counter') throw new Refusal('wrong_type', `${path}/kind`);
  const unit = item['unit'] === undefined ? null : takeText(item['unit'], `${path}/unit`);
  const known = parsed.definitions?.[name];
  // One metric has one meaning within a report, whatever its labels.
  if (known && (known.kind !== kind || known.unit !== unit)) throw new Refusal('duplicate_series', path);
  const number = takeNumber(item['value'], kind, `${path}/value`);
  if (kind === 'counter' && number < 0) throw new Refusal('out_of_range', `${path}/value`);
  parsed.definitions ??= Object.create(null) as Record<string, CustomDefinition>;
  parsed.definitions[name] = { kind, unit };
  parsed.keys.push(formatSeriesKey(name, readLabels(item['labels'], `${path}/labels`)));
  parsed.values.push(number);
  for (const field in item) if (!CUSTOM_FIELDS.has(field)) ignore(parsed, `custom.${field}`);
}

const MAX_LABELS = 16;

function readLabels(value: unknown, path: string): Record<string, string> {
  if (value === undefined) return {};
  if (!isObject(value)) throw new Refusal('wrong_type', path);
  const labels: Record<string, string> = {};
  const names = Object.keys(value);
  if (names.length > MAX_LABELS) throw new Refusal('too_long', path);
  for (const name of names) {
    if (!LABEL_NAME.test(name) || name.length > 64) throw new Refusal('bad_name', `${path}/${pointer(name)}`);
    labels[name] = takeText(value[name], `${path}/${pointer(name)}`);
  }
  return labels;
}

type PartReader = (value: unknown, parsed: ParsedReport, now: number) => void;

const PART_READERS: ReadonlyMap<string, PartReader> = new Map<string, PartReader>([
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
  ['custom', readCustom],
  ...[...BUILT_IN_PARTS].map((part): [string, PartReader] => {
    const deviceField = (DEVICE_PARTS as Readonly<Record<string, string>>)[part];
    return [part, deviceField ? devicePartReader(part, deviceField) : objectPartReader(part)];
  }),
]);
