import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { MAX_SERIES_PER_REPORT } from '../../core/model/limits.js';
import { isRejection, parseReport } from '../../core/model/parse-report.js';
import type { CustomReading, Report } from '../../core/model/report.js';
import { CustomMetrics, type FittedMetrics } from './custom-metrics.js';
import { CustomPart } from './custom-part.js';
import { parseJsonMetrics } from './json-metrics.js';
import { parsePrometheusText } from './prometheus-text.js';

const RUNS = process.env['SOAK'] ? 100_000 : 500;
const NOW = Date.now();
const parse = (text: string) => parsePrometheusText(text, NOW - 600_000);

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'custom-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const write = (name: string, text: string | Buffer): void => writeFileSync(join(directory, name), text);

function open(more: Partial<{ path: string; isOptional: boolean; maxAgeMs: number }> = {}) {
  const metrics = new CustomMetrics({
    dropIn: { path: directory, isOptional: false, maxAgeMs: 600_000, ...more },
  });
  return async (report: Report = { at: NOW }): Promise<FittedMetrics> =>
    (await metrics.collect()).fit(report);
}

const namesOf = ({ custom }: FittedMetrics) => custom.custom?.map(({ name }) => name);

describe('the Prometheus text format', () => {
  it('is read with types, units, labels and escapes', () => {
    const text = [
      '# HELP http_requests_total Requests.',
      '# TYPE http_requests_total counter',
      String.raw`http_requests_total{method="post",path="a\"b\\c\nd",} 1027 ${NOW}`,
      '# TYPE job:depth gauge',
      '# UNIT job:depth jobs',
      'job:depth   -1.5e1',
      'backup_size_bytes 18446744073709551615',
      '# TYPE wire_bytes counter',
      'wire_bytes_total 18446744073709549568 # {trace_id="x"} 1',
      '# EOF',
      '',
    ].join('\n');
    expect(parse(text)).toEqual({
      problems: [],
      readings: [
        {
          ...{ name: 'http_requests_total', value: 1027, kind: 'counter' },
          labels: { method: 'post', path: 'a"b\\c d' },
        },
        { name: 'job_depth', value: -15, kind: 'gauge', unit: 'jobs' },
        { name: 'backup_size_bytes', value: 18446744073709552000, kind: 'gauge', unit: 'bytes' },
        { name: 'wire_bytes_total', value: '18446744073709549568', kind: 'counter', unit: 'bytes' },
      ],
    });
  });

  it('has histograms and summaries as counters; a quantile stays a gauge', () => {
    const text = `# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.1"} 3
wait_seconds_bucket{le="+Inf"} 5
wait_seconds_sum 1.25
wait_seconds_count 5
wait_seconds_created 1.7e9
# TYPE rpc summary
rpc{quantile="0.99"} NaN
rpc{quantile="0.5"} 4
rpc_count 7
`;
    expect(parse(text).readings.map(({ name, kind, unit }) => [name, kind, unit])).toEqual([
      ['wait_seconds_bucket', 'counter', undefined],
      ['wait_seconds_bucket', 'counter', undefined],
      ['wait_seconds_sum', 'counter', 'seconds'],
      ['wait_seconds_count', 'counter', undefined],
      ['rpc', 'gauge', undefined],
      ['rpc_count', 'counter', undefined],
    ]);
  });

  it('names the lines that are wrong, without their content, and keeps the others', () => {
    const { readings, problems } = parse('root:$6$secret:19000\na 1\nb one\nc{x="1} 2\nd 1 1000\n}\nlast 12');
    expect(readings).toEqual([{ name: 'a', value: 1, kind: 'gauge' }]);
    expect(problems).toHaveLength(6);
    for (const line of [1, 3, 4, 5, 6]) expect(problems.join('\n')).toContain(`line ${line} `);
    expect(problems[0]).toContain('half-written');
    expect(problems.join('\n')).not.toMatch(/root|secret|one/);
  });

  it('gives back every series that a library would write', () => {
    const series = fc.record({
      name: fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,20}$/),
      // Zero has one sign in text.
      value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
      labels: fc.dictionary(
        fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,9}$/),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\n')),
        { maxKeys: 4 },
      ),
    });
    fc.assert(
      fc.property(series, ({ name, value, labels }) => {
        const escape = (text: string) => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"');
        const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escape(text)}"`);
        const { readings, problems } = parse(`${name}{${pairs.join(',')}} ${value}\n`);
        expect(problems).toEqual([]);
        expect(readings[0]).toMatchObject({ name, value });
        expect({ ...readings[0]!.labels }).toEqual({ ...labels });
      }),
      { numRuns: RUNS },
    );
  });
});

describe('hostile text', () => {
  const pieces = fc.constantFrom(
    ...[
      '# TYPE ',
      '# UNIT ',
      'a',
      'cpu.usagePercent',
      'counter',
      'histogram',
      '_bucket',
      '{',
      '}',
      '="',
      '"',
      '\\',
    ],
    ...[
      '\n',
      ' ',
      '1',
      '1e999',
      '-5',
      'NaN',
      '__proto__',
      ',',
      '\u0000',
      '\ud800',
      '#',
      '9007199254740993',
      ':',
    ],
    ...[
      '[{"name":"a","value":1}',
      '{"custom":[',
      ']',
      '"labels":{"__proto__":"x"}',
      '"kind":"counter"',
      'null',
    ],
  );
  const text = fc.oneof(
    fc.array(pieces, { maxLength: 60 }).map((all) => all.join('')),
    fc.string({ unit: 'binary', maxLength: 300 }),
  );

  it('never throws, and what is taken is what the hub takes', () => {
    const item = fc.oneof(
      fc.record(
        {
          name: fc.oneof(fc.constantFrom('a', 'b.c', 'cpu.x', 'memory'), fc.anything()),
          value: fc.oneof(fc.double(), fc.anything()),
          kind: fc.oneof(fc.constantFrom('gauge', 'counter'), fc.anything()),
          unit: fc.oneof(fc.string(), fc.anything()),
          labels: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.anything()),
        },
        { requiredKeys: [] },
      ),
      fc.anything(),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 3 }), fc.array(item, { maxLength: 8 }), (texts, items) => {
        const part = new CustomPart(100);
        for (const one of texts) {
          part.add('x.prom', parse(one).readings);
          part.add('x.json', parseJsonMetrics(one).readings);
        }
        let json: string | undefined;
        try {
          json = JSON.stringify(items);
        } catch {
          // What JSON cannot hold (a bigint, a circle) stands in no file.
        }
        if (json !== undefined) part.add('y.json', parseJsonMetrics(json).readings);
        const sent = JSON.stringify({ at: NOW, custom: part.readings });
        expect(sent).not.toContain('"__proto__":');
        const parsed = parseReport(JSON.parse(sent), NOW);
        if (isRejection(parsed)) throw new Error(`${parsed.code} ${parsed.path}: ${sent}`);
        expect(new Set(parsed.keys).size).toBe(part.readings.length);
        for (const { message } of part.problems) expect(message).not.toMatch(/[\u0000-\u001f]/);
      }),
      { numRuns: RUNS },
    );
  });

  it('costs no more than its length', () => {
    for (const unit of ['{', 'a{b="', 'a{b="c",', '\\', '# TYPE a ', ' \t', 'a 1 ']) {
      const lines = unit.repeat(Math.floor((256 * 1024) / unit.length));
      expect(() => parse(`${lines}\n`)).not.toThrow();
      expect(() => parse(`${lines.match(/[^]{1,30000}/g)!.join('\n')}\n`)).not.toThrow();
    }
  });
});

describe('the drop-in directory', () => {
  it('puts files of both formats together, and none stands in the way of another', async () => {
    write('a.prom', 'queue_depth{queue="mail"} 17\n');
    write('b.json', '[{"name":"app.users","value":3,"unit":"users","labels":{"site":"north"}}]');
    write('c.json', '{"custom":[{"name":"app.load","value":0.5}]}');
    write('half.json', '[{"name":"app.us');
    write('binary.prom', Buffer.from([0x61, 0xff, 0xfe, 0x0a]));
    write('notes.txt', 'x 1\n');
    write('.hidden.prom', 'hidden 1\n');
    const found = await open()();
    expect(namesOf(found)).toEqual(['queue_depth', 'app.users', 'app.load']);
    expect(found.leftOut).toEqual([
      expect.stringMatching(/^binary\.prom: it is no text in UTF-8/),
      expect.stringMatching(/^half\.json: it is no JSON: half-written/),
    ]);
  });

  it('takes a new value at once, forgets a file that is gone, and leaves out one that is old', async () => {
    const read = open();
    write('a.prom', 'a 1\n');
    write('old.prom', 'old 1\n');
    utimesSync(join(directory, 'a.prom'), NOW / 1000 - 60, NOW / 1000 - 60);
    utimesSync(join(directory, 'old.prom'), NOW / 1000 - 601, NOW / 1000 - 601);
    const first = await read();
    expect(first.custom.custom).toEqual([{ name: 'a', value: 1, kind: 'gauge' }]);
    expect(first.leftOut).toEqual([
      'old.prom: it is older than 600 s and left out until it is written again',
    ]);
    expect(await read()).toEqual(first);
    write('a.prom', 'a 2\n');
    write('old.prom', 'old 5\n');
    expect((await read()).custom.custom?.map(({ value }) => value)).toEqual([2, 5]);
    rmSync(join(directory, 'a.prom'));
    expect(namesOf(await read())).toEqual(['old']);
  });

  it('reads regular files only, and no link', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'outside-'));
    writeFileSync(join(outside, 'secret.prom'), 'secret 42\n');
    symlinkSync(join(outside, 'secret.prom'), join(directory, 'link.prom'));
    symlinkSync('/dev/zero', join(directory, 'zero.prom'));
    mkdirSync(join(directory, 'folder.prom'));
    execFileSync('mkfifo', [join(directory, 'pipe.prom')]);
    write('large.prom', 'x 1\n'.repeat(70_000));
    write('good.prom', 'good 1\n');
    const found = await open()();
    expect(namesOf(found)).toEqual(['good']);
    expect(found.leftOut).toHaveLength(5);
    expect(found.leftOut).toContain('large.prom: it is larger than 256 KiB');
    rmSync(outside, { recursive: true });
  });

  it('says that it is not there only where it was asked for', async () => {
    const path = join(directory, 'none');
    expect((await open({ path })()).leftOut).toEqual([`${path}: cannot be read: ENOENT`]);
    expect(await open({ path, isOptional: true })()).toEqual({ custom: {}, leftOut: [] });
  });

  it('holds to the room of a report and names what is refused', async () => {
    const many = Array.from({ length: 1_999 }, (_, id) => `many{id="${id}"} ${id}`);
    write('many.prom', `${many.join('\n')}\n`);
    write('wrong.json', '[{"name":"cpu.mine","value":1},{"name":"many","value":1,"kind":"counter"}]');
    const report: Report = { at: NOW, cpu: { usagePercent: 1, perCorePercent: [1, 2] } };
    const found = await open()(report);
    const taken = parseReport({ ...report, ...found.custom }, NOW);
    expect(isRejection(taken) ? taken : taken.keys.length).toBe(MAX_SERIES_PER_REPORT);
    expect(found.leftOut.join('\n')).toMatch(/room for 1997 values/);
    rmSync(join(directory, 'many.prom'));
    write('many.prom', 'many 1\n');
    expect((await open()(report)).leftOut).toEqual([
      'wrong.json: cpu.mine begins with cpu, which is built in: call it app.cpu.mine',
      'wrong.json: many is there with another kind or unit',
    ]);
  });

  it('keeps texts of a size that the hub takes together', () => {
    const part = new CustomPart(2_000);
    const labels = Object.fromEntries(Array.from({ length: 16 }, (_, id) => [`l${id}`, 'ü'.repeat(250)]));
    const readings = Array.from({ length: 200 }, (_, value): CustomReading => ({
      name: `a${value}`,
      value,
      labels,
    }));
    part.add('x.json', readings);
    expect(Buffer.byteLength(JSON.stringify(part.readings))).toBeLessThan(260 * 1024);
    expect(part.problems).toHaveLength(1);
  });
});
