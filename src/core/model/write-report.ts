import type { Layout } from './layout.js';
import { DEVICE_PARTS, findMetric } from './metric-catalog.js';
import type { HostInventory } from './report.js';
import { parseSeriesKey } from './series-key.js';
import type { StoredReport } from './stored-report.js';

/** What is kept of a machine beside its samples. */
export interface MachineTexts {
  readonly host?: HostInventory | undefined;
  /** By part and device name: `storage` → `/` → `{device, fsType}`. */
  readonly devices?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;
}

/** A report as it travels over the wire. */
export type WireReport = Record<string, unknown>;

/** Where the value of a series stands in the report. */
type Place =
  | { readonly way: 'object'; readonly part: string; readonly field: string }
  | { readonly way: 'array'; readonly part: string; readonly field: string; readonly index: number }
  | { readonly way: 'device'; readonly part: string; readonly field: string; readonly device: string }
  | { readonly way: 'custom'; readonly head: WireReport; readonly labels: WireReport };

const placesByLayout = new WeakMap<Layout, readonly Place[]>();

/** Writes a report that was kept as its machine could have sent it: `parseReport` reads the same from it. */
export function writeReport(report: StoredReport, machine: MachineTexts = {}): WireReport {
  let places = placesByLayout.get(report.layout);
  if (!places) {
    places = report.layout.seriesKeys.map((key) => findPlace(key, report.layout));
    placesByLayout.set(report.layout, places);
  }
  const parts: Record<string, WireReport> = {};
  const devices: Record<string, Map<string, WireReport>> = {};
  const arrays: { part: string; field: string; values: (number | string)[] }[] = [];
  const custom: WireReport[] = [];
  places.forEach((place, index) => {
    const value = writeNumber(report.values[index]!, report.layout.isCounter[index] === 1);
    if (place.way === 'custom') custom.push({ ...place.head, value, ...place.labels });
    else if (place.way === 'object') (parts[place.part] ??= {})[place.field] = value;
    else if (place.way === 'array') {
      let array = arrays.find(({ part, field }) => part === place.part && field === place.field);
      if (!array) arrays.push((array = { part: place.part, field: place.field, values: [] }));
      array.values[place.index] = value;
    } else {
      const items = (devices[place.part] ??= new Map<string, WireReport>());
      let item = items.get(place.device);
      if (!item) items.set(place.device, (item = startItem(place.part, place.device, machine)));
      item[place.field] = value;
    }
  });
  for (const { part, field, values } of arrays) (parts[part] ??= {})[field] = untilHole(values);
  return {
    at: report.at,
    ...(report.bootId !== null && { bootId: report.bootId }),
    intervalSeconds: report.intervalMs / 1000,
    ...(machine.host && { host: machine.host }),
    ...parts,
    ...Object.fromEntries(Object.entries(devices).map(([part, items]) => [part, [...items.values()]])),
    ...(custom.length > 0 && { custom }),
  };
}

function findPlace(key: string, layout: Layout): Place {
  const { name, labels } = parseSeriesKey(key)!;
  const metric = findMetric(name);
  if (!metric) {
    const { kind = 'gauge', unit = null } = layout.definitions[name] ?? {};
    const hasLabels = Object.keys(labels).length > 0;
    return {
      way: 'custom',
      head: { name, ...(kind !== 'gauge' && { kind }), ...(unit !== null && { unit }) },
      labels: hasLabels ? { labels: { ...labels } } : {},
    };
  }
  const dot = name.indexOf('.');
  const [part, field] = [name.slice(0, dot), name.slice(dot + 1)];
  const device = metric.label && labels[metric.label];
  if (device === undefined) return { way: 'object', part, field };
  return part in DEVICE_PARTS
    ? { way: 'device', part, field, device }
    : { way: 'array', part, field, index: Number(device) };
}

function startItem(part: string, device: string, { devices }: MachineTexts): WireReport {
  const texts = devices?.[part];
  const own = texts && Object.hasOwn(texts, device) ? texts[device] : undefined;
  return { [(DEVICE_PARTS as Readonly<Record<string, string>>)[part]!]: device, ...own };
}

/** A list has no way to leave one out: what follows a value that was not kept is another's place. */
function untilHole(values: (number | string)[]): (number | string)[] {
  const hole = values.findIndex((value) => value === undefined);
  return hole < 0 ? values : values.slice(0, hole);
}

const MAX_UINT64 = 2n ** 64n - 1n;

/** A counter beyond 2^53 travels as a string. The double nearest to the greatest of them is one above it. */
function writeNumber(value: number, isCounter: boolean): number | string {
  if (!isCounter || value <= Number.MAX_SAFE_INTEGER) return value;
  const whole = BigInt(value);
  return String(whole > MAX_UINT64 ? MAX_UINT64 : whole);
}
