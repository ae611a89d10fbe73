import fc from 'fast-check';
import { Layout } from './layout.js';
import { METRICS } from './metric-catalog.js';
import { isRejection, parseReport } from './parse-report.js';
import { makeSeriesFilter, presentReport } from './present-report.js';
import { formatSeriesKey, parseSeriesKey } from './series-key.js';

const NOW = 1_795_353_691_500;
const RUNS = process.env['SOAK'] ? 200_000 : 300;

/** Any name that a device may have: printable, in one spelling, within the limits. */
const name = fc
  .string({ unit: 'grapheme', maxLength: 30 })
  .map((text) => text.normalize('NFC'))
  .filter(
    (text) => !/[\u0000-\u001f\u007f-\u009f]/.test(text) && text.isWellFormed() && [...text].length <= 256,
  );
const gauge = fc.double({ min: 0, max: 1e15, noNaN: true });
const share = fc.double({ min: 0, max: 100, noNaN: true });
const counter = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => value.toString()),
);

type Series = readonly [key: string, value: number];
interface Sample {
  readonly report: object;
  readonly series: readonly Series[];
}

const fieldsOf = (part: string) =>
  METRICS.filter((metric) => metric.name.startsWith(`${part}.`) && metric.name !== 'cpu.perCorePercent').map(
    (metric) => ({ ...metric, field: metric.name.slice(part.length + 1) }),
  );

/** One object of a part with some of its fields, and the series that they are. */
const partOf = (part: string, labels: Record<string, string> = {}): fc.Arbitrary<[object, Series[]]> =>
  fc
    .record(
      Object.fromEntries(
        fieldsOf(part).map(({ field, kind, unit }) => [
          field,
          kind === 'counter' ? counter : unit === 'percent' ? share : gauge,
        ]),
      ),
      { requiredKeys: [] },
    )
    .map((fields) => {
      // What may not exceed another value does not.
      for (const { field, notAbove } of fieldsOf(part)) {
        const bound = notAbove === undefined ? undefined : (fields[notAbove] as number | undefined);
        if (bound !== undefined && (fields[field] as number) > bound) fields[field] = bound;
      }
      return [
        fields,
        Object.entries(fields).map(([field, value]) => [
          formatSeriesKey(`${part}.${field}`, labels),
          Number(value),
        ]),
      ];
    });

const devices = (part: string, field: string): fc.Arbitrary<[object[], Series[]]> =>
  fc
    .uniqueArray(name, { maxLength: 5 })
    .chain((names) =>
      fc
        .tuple(...names.map((device) => partOf(part, { [field]: device })))
        .map((parts) => [
          parts.map(([fields], index) => ({ [field]: names[index], ...fields })),
          parts.flatMap(([, series]) => series),
        ]),
    );

const custom: fc.Arbitrary<[object[], Series[]]> = fc
  .uniqueArray(
    fc.record({
      name: fc.stringMatching(/^x[a-z]{0,5}(\.[a-z0-9_]{1,5})?$/),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }),
      labels: fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), name, { maxKeys: 4 }),
    }),
    { maxLength: 6, selector: (metric) => formatSeriesKey(metric.name, metric.labels) },
  )
  .map((metrics) => [
    metrics,
    metrics.map(({ name: key, value, labels }) => [formatSeriesKey(key, labels), value]),
  ]);

const sample: fc.Arbitrary<Sample> = fc
  .tuple(
    partOf('cpu'),
    partOf('memory'),
    devices('storage', 'mount'),
    devices('network', 'interface'),
    custom,
  )
  .map(([cpu, memory, storage, network, own]) => ({
    report: { cpu: cpu[0], memory: memory[0], storage: storage[0], network: network[0], custom: own[0] },
    series: [cpu, memory, storage, network, own].flatMap(([, series]) => series),
  }));

describe('any report', () => {
  it('comes over the wire as the series that it is of, each with its value', () => {
    fc.assert(
      fc.property(sample, ({ report, series }) => {
        const parsed = parseReport(JSON.parse(JSON.stringify(report)), NOW);
        if (isRejection(parsed)) throw new Error(`refused: ${parsed.code} ${parsed.path}`);
        const got = parsed.keys.map((key, index): Series => [key, parsed.values[index]!]);
        // JSON knows no negative zero.
        const sort = (entries: readonly Series[]) =>
          entries.map(([key, value]): Series => [key, value + 0]).toSorted(([a], [b]) => (a < b ? -1 : 1));
        expect(sort(got)).toEqual(sort(series));
        for (const key of parsed.keys) {
          const { name: metric, labels } = parseSeriesKey(key)!;
          expect(formatSeriesKey(metric, labels)).toBe(key);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('is shown by the names under which it was sent', () => {
    fc.assert(
      fc.property(sample, ({ report }) => {
        const parsed = parseReport(report, NOW);
        if (isRejection(parsed)) throw new Error(`refused: ${parsed.code} ${parsed.path}`);
        const layout = new Layout(1, parsed.keys, parsed.definitions ?? {});
        const stored = {
          at: NOW,
          bootId: null,
          intervalMs: 1,
          layout,
          values: Float64Array.from(parsed.values),
        };
        const shown = presentReport(stored, null, makeSeriesFilter(parsed.keys));
        expect(shown.metrics).toEqual(parsed.keys);
      }),
      { numRuns: RUNS },
    );
  });

  it('that is no report is refused with a code and a place, whatever it is', () => {
    const anything = fc.anything({ withNullPrototype: true, maxDepth: 4 });
    const odd = fc.oneof(
      anything,
      fc.dictionary(
        fc.constantFrom('at', 'cpu', 'memory', 'storage', 'network', 'custom', 'host', 'bootId'),
        anything,
      ),
      fc.record({
        cpu: fc.dictionary(fc.constantFrom('usagePercent', 'cores', 'perCorePercent', 'x'), anything),
      }),
      fc.record({
        storage: fc.array(fc.dictionary(fc.constantFrom('mount', 'usedBytes', 'device'), anything)),
      }),
      fc.record({
        custom: fc.array(fc.dictionary(fc.constantFrom('name', 'value', 'labels', 'kind'), anything)),
      }),
    );
    fc.assert(
      fc.property(odd, (input) => {
        const parsed = parseReport(input, NOW);
        if (isRejection(parsed)) {
          expect(parsed.code).toMatch(/^[a-z_]+$/);
          expect(parsed.path).toMatch(/^(\/[A-Za-z0-9_]+)*$/);
          return;
        }
        expect(parsed.keys).toHaveLength(parsed.values.length);
        expect(parsed.values.every(Number.isFinite)).toBe(true);
        expect(Number.isSafeInteger(parsed.at)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});
