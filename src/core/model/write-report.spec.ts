import fc from 'fast-check';
import { Layout } from './layout.js';
import { METRICS } from './metric-catalog.js';
import { isRejection, parseReport } from './parse-report.js';
import type { ParsedReport } from './parsed-report.js';
import { formatSeriesKey } from './series-key.js';
import { writeReport } from './write-report.js';

const NOW = 1_795_353_691_500;
const RUNS = process.env['SOAK'] ? 100_000 : 300;

function keep(parsed: ParsedReport) {
  const order = [...parsed.keys.keys()].sort((a, b) => (parsed.keys[a]! < parsed.keys[b]! ? -1 : 1));
  const keys = order.map((index) => parsed.keys[index]!);
  return {
    at: parsed.at,
    bootId: parsed.bootId,
    intervalMs: parsed.intervalMs ?? 10_000,
    layout: new Layout(1, keys, parsed.definitions ?? {}),
    values: Float64Array.from(order, (index) => parsed.values[index]!),
  };
}

/** What is kept, written and kept again. */
function sendOn(report: unknown): { before: object; after: object } {
  const first = parseReport(report, NOW);
  if (isRejection(first)) throw new Error(JSON.stringify(first));
  const host = first.host ?? undefined;
  const text = JSON.stringify(
    writeReport(keep(first), { host, ...(first.devices && { devices: first.devices }) }),
  );
  const second = parseReport(JSON.parse(text), NOW);
  if (isRejection(second)) throw new Error(`${JSON.stringify(second)} in ${text}`);
  expect(second.ignored).toEqual([]);
  const describe = (parsed: ParsedReport) => ({
    ...keep(parsed),
    host: parsed.host,
    devices: parsed.devices,
  });
  return { before: describe(first), after: describe(second) };
}

const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .map((some) => some.normalize('NFC'))
  .filter(
    (some) => !/[\u0000-\u001f\u007f-\u009f]/.test(some) && some.isWellFormed() && some !== '__proto__',
  );
const counter = fc.oneof(
  fc.maxSafeNat(),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => value.toString()),
);
const share = fc.double({ min: 0, max: 100, noNaN: true });

describe('a report that is sent on', () => {
  it('is read as it was, whatever its devices, counters and own metrics are', () => {
    const report = fc.record({
      at: fc.integer({ min: NOW - 86_400_000, max: NOW }),
      bootId: text,
      intervalSeconds: fc.integer({ min: 1, max: 3_600_000 }).map((ms) => ms / 1000),
      host: fc.record({ hostname: text, cores: fc.nat(512) }, { requiredKeys: [] }),
      cpu: fc.record({ usagePercent: share, perCorePercent: fc.array(share, { maxLength: 8 }) }),
      storage: fc.uniqueArray(fc.record({ mount: text, fsType: text, usagePercent: share }), {
        selector: ({ mount }) => mount,
        maxLength: 5,
      }),
      network: fc.uniqueArray(fc.record({ interface: text, bytesSent: counter, errorsIn: counter }), {
        selector: ({ interface: name }) => name,
        maxLength: 5,
      }),
      custom: fc.uniqueArray(
        fc.record({
          name: fc.constantFrom('queue.depth', 'jobs', 'a_b'),
          value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
          unit: fc.constant('jobs'),
          labels: fc.dictionary(fc.constantFrom('queue', 'shard', '_x'), text),
        }),
        { selector: ({ name, labels }) => formatSeriesKey(name, labels), maxLength: 5 },
      ),
    });
    fc.assert(
      fc.property(report, (some) => {
        const { before, after } = sendOn(some);
        expect(after).toEqual(before);
      }),
      { numRuns: RUNS },
    );
  });

  it('has every metric of the catalog in its place', () => {
    const parts: Record<string, Record<string, unknown>> = {};
    for (const { name, label, kind } of METRICS) {
      const [part, field] = name.split('.') as [string, string];
      const value = kind === 'counter' ? '18446744073709551615' : 7;
      parts[part] ??= label && label !== 'core' ? { [label]: 'one' } : {};
      parts[part][field] = label === 'core' ? [value, value] : value;
    }
    const isDevices = (part: string): boolean =>
      METRICS.some(({ name, label }) => name.startsWith(`${part}.`) && label && label !== 'core');
    const report = Object.fromEntries(
      Object.entries(parts).map(([part, fields]) => [part, isDevices(part) ? [fields] : fields]),
    );
    const { before, after } = sendOn({ at: NOW, ...report });
    expect(after).toEqual(before);
  });
});
