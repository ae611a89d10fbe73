/** Readers of the built-in parts of a report, compiled from the metric catalog once, at load. */
import { MAX_SERIES_PER_REPORT } from './limits.js';
import type { MetricDefinition } from './metric-catalog.js';
import { DEVICE_TEXTS, METRICS } from './metric-catalog.js';
import type { ParsedReport, ValueOrigin } from './parsed-report.js';
import { greatest, ignore, isObject, Refusal, takeNumber, takeText } from './report-values.js';
import { labelledKey } from './series-key.js';

/** Reads one part into `parsed`. @throws Refusal */
export type PartReader = (value: unknown, parsed: ParsedReport) => void;

function takeMetric(value: unknown, metric: MetricDefinition, path: string): number {
  const number = takeNumber(value, metric.kind, path);
  if (number < 0 && !metric.mayBeNegative) throw new Refusal('out_of_range', path);
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
  /** The field that says how many cores a percentage may be of, in the part that has it. */
  readonly coresField: string | undefined;
  readonly fields: ReadonlyMap<string, PartField>;
  readonly bounded: readonly PartField[];
}

/** The part of the report that a metric stands in. */
export const partOf = (metric: MetricDefinition): string => metric.name.slice(0, metric.name.indexOf('.'));
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
    coresField: fields.find(({ field }) => field === 'cores')?.field,
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
    // JSON cannot say it, but a report of this process can: the value could not be measured.
    if (value === undefined) continue;
    if (device === undefined && field.metric.label !== undefined) {
      readNumberArray(plan, field, value, `${path}/${name}`, percentLimit, parsed);
      continue;
    }
    const number = takeMetric(value, field.metric, `${path}/${name}`);
    if (field.isPercent && number > percentLimit) throw new Refusal('out_of_range', `${path}/${name}`);
    parsed.keys.push(device === undefined ? field.metric.name : deviceKey(field, device));
    parsed.values.push(number);
    if (parsed.origins) noteOrigin(parsed.origins, plan, field, path, name, percentLimit);
  }
  checkBounds(plan, part, path);
}

/** A plain array of numbers is a series labelled by index: `cpu.perCorePercent{core="0"}`. */
function readNumberArray(
  plan: PartPlan,
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
    if (parsed.origins) noteOrigin(parsed.origins, plan, field, path, String(index), percentLimit);
  }
}

function noteOrigin(
  origins: ValueOrigin[],
  plan: PartPlan,
  field: PartField,
  path: string,
  name: string,
  percentLimit: number,
): void {
  const { metric } = field;
  origins.push({
    path: `${path}/${name}`,
    min: metric.mayBeNegative ? -Number.MAX_VALUE : 0,
    max: field.isPercent ? percentLimit : greatest(metric.kind),
    ...(metric.notAbove !== undefined && { notAbove: `${path}/${metric.notAbove}` }),
    isYardstick: field.field === plan.coresField,
  });
}

const NOTHING_SKIPPED: ReadonlySet<string> = new Set();

/**
 * Reads a part that is an object: `cpu`, `memory`.
 * @param beside fields of it that hold no samples and are read elsewhere
 */
export function objectPartReader(name: string, beside = NOTHING_SKIPPED): PartReader {
  const plan = planPart(name);
  return (value, parsed) => {
    if (!isObject(value)) throw new Refusal('wrong_type', `/${name}`);
    const cores = plan.coresField && value[plan.coresField];
    const percentLimit = typeof cores === 'number' && cores > 1 ? 100 * cores : 100;
    readSamples(plan, value, `/${name}`, percentLimit, parsed, undefined, beside);
  };
}

/** Reads a part that is an array of devices: `storage`, `network`. */
export function devicePartReader(name: string, deviceField: string): PartReader {
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
