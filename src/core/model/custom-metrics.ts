import type { CustomDefinition } from './layout.js';
import { MAX_SERIES_PER_REPORT } from './limits.js';
import { findMetric, METRICS } from './metric-catalog.js';
import type { ParsedReport } from './parsed-report.js';
import { partOf } from './report-parts.js';
import { greatest, ignore, isObject, Refusal, takeNumber, takeText } from './report-values.js';
import { formatSeriesKey } from './series-key.js';

/** Names of the parts that the catalog knows. */
export const BUILT_IN_PARTS: ReadonlySet<string> = new Set(METRICS.map(partOf));

const METRIC_NAME = /^[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*$/;
const LABEL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const CUSTOM_FIELDS: ReadonlySet<string> = new Set(['name', 'value', 'unit', 'kind', 'labels']);

/** Reads the part `custom`: metrics that the sender defines. @throws Refusal */
export function readCustom(value: unknown, parsed: ParsedReport): void {
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
  const { kind = 'gauge' } = item;
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
  parsed.origins?.push({
    path: `${path}/value`,
    min: kind === 'counter' ? 0 : -Number.MAX_VALUE,
    max: greatest(kind),
  });
  for (const field in item) if (!CUSTOM_FIELDS.has(field)) ignore(parsed, `custom.${field}`);
}

const MAX_LABELS = 16;

function readLabels(value: unknown, path: string): Record<string, string> {
  if (value === undefined) return {};
  if (!isObject(value)) throw new Refusal('wrong_type', path);
  const labels = Object.create(null) as Record<string, string>;
  const names = Object.keys(value);
  if (names.length > MAX_LABELS) throw new Refusal('too_long', path);
  for (const name of names) {
    // The name itself is not repeated: nobody knows what is in it.
    if (!LABEL_NAME.test(name) || name.length > 64) throw new Refusal('bad_name', path);
    labels[name] = takeText(value[name], `${path}/${name}`);
  }
  return labels;
}
