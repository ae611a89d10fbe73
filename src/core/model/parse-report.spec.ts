import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { METRICS } from './metric-catalog.js';
import { isRejection, parseReport } from './parse-report.js';
import type { ParsedReport } from './parsed-report.js';
import { metricNameOf } from './series-key.js';

const NOW = 1_795_353_691_500;

/** Parses, and expects that it is taken. */
function take(report: unknown): ParsedReport & { series: Record<string, number> } {
  const parsed = parseReport(report, NOW);
  if (isRejection(parsed)) throw new Error(`refused: ${parsed.code} ${parsed.path}`);
  return {
    ...parsed,
    series: Object.fromEntries(parsed.keys.map((key, index) => [key, parsed.values[index]!])),
  };
}

const refuse = (report: unknown) => {
  const parsed = parseReport(report, NOW);
  return isRejection(parsed) ? `${parsed.code} ${parsed.path}` : 'taken';
};

describe('what the probes send is what the hub reads', () => {
  const fixtures = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../test/fixtures');
  const readJson = (file: string): unknown => JSON.parse(readFileSync(path.join(fixtures, file), 'utf8'));
  const reports: Record<string, unknown> = { 'contract-example': readJson('reports/contract-example.json') };
  for (const file of readdirSync(path.join(fixtures, 'machines'))) {
    if (!file.endsWith('.golden.json')) continue;
    const { report } = readJson(`machines/${file}`) as { report: unknown };
    reports[file.slice(0, -'.golden.json'.length)] = report;
  }

  // UPDATE_GOLDEN=1 writes the files anew; read the difference before committing it.
  it.each(Object.keys(reports))('%s', (name) => {
    const parsed = { ...take(reports[name]), keys: undefined, values: undefined };
    const text = `${JSON.stringify(parsed, null, 2)}\n`;
    const golden = path.join(fixtures, 'reports', `${name}.parsed.json`);
    if (process.env['UPDATE_GOLDEN']) writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  it('every metric of the catalog is among them', () => {
    const seen = new Set(Object.values(reports).flatMap((report) => take(report).keys.map(metricNameOf)));
    expect(METRICS.filter(({ name }) => !seen.has(name))).toEqual([]);
  });
});

describe('a report', () => {
  it('may be empty, and is then of now', () => {
    expect(parseReport({}, NOW)).toEqual({
      ...{ at: NOW, bootId: null, intervalMs: null, keys: [], values: [] },
      ...{ definitions: null, host: null, devices: null, topProcesses: null, ignored: [] },
    });
  });

  it('may leave out what could not be measured', () => {
    const parsed = take({
      bootId: undefined,
      intervalSeconds: undefined,
      host: { hostname: 'a', kernel: undefined },
      cpu: { cores: 2, usagePercent: undefined },
      network: [{ interface: 'en0', bytesSent: 1, packetsSent: undefined }],
      storage: undefined,
    });
    expect(parsed.series).toEqual({ 'cpu.cores': 2, 'network.bytesSent{interface="en0"}': 1 });
    expect(parsed.host).toEqual({ hostname: 'a' });
    expect(parsed.ignored).toEqual([]);
  });

  it.each([
    ['wrong_type ', null],
    ['wrong_type ', []],
    ['wrong_type ', 'report'],
    ['wrong_type /cpu', { cpu: null }],
    ['wrong_type /cpu', { cpu: [] }],
    ['wrong_type /memory', { memory: 7 }],
    ['wrong_type /storage', { storage: {} }],
    ['wrong_type /storage/0', { storage: [null] }],
    ['wrong_type /storage/0/mount', { storage: [{ totalBytes: 1 }] }],
    ['wrong_type /storage/1/fsType', { storage: [{ mount: '/' }, { mount: '/a', fsType: 7 }] }],
    ['wrong_type /network', { network: 'eth0' }],
    ['wrong_type /cpu/usagePercent', { cpu: { usagePercent: '12' } }],
    ['wrong_type /cpu/usagePercent', { cpu: { usagePercent: null } }],
    ['wrong_type /cpu/usagePercent', { cpu: { usagePercent: true } }],
    ['wrong_type /cpu/perCorePercent', { cpu: { perCorePercent: 5 } }],
    ['wrong_type /cpu/perCorePercent/1', { cpu: { perCorePercent: [1, null] } }],
    ['wrong_type /bootId', { bootId: 7 }],
    ['wrong_type /host', { host: [] }],
    ['wrong_type /host/os', { host: { os: {} } }],
    ['wrong_type /host/cores', { host: { cores: '4' } }],
    ['wrong_type /intervalSeconds', { intervalSeconds: '10' }],
    ['wrong_type /custom', { custom: {} }],
    ['wrong_type /custom/0', { custom: [[]] }],
    ['wrong_type /custom/0/name', { custom: [{ value: 1 }] }],
    ['wrong_type /custom/0/value', { custom: [{ name: 'a' }] }],
    ['wrong_type /custom/0/value', { custom: [{ name: 'a', value: '1' }] }],
    ['wrong_type /custom/0/kind', { custom: [{ name: 'a', value: 1, kind: 'histogram' }] }],
    ['wrong_type /custom/0/kind', { custom: [{ name: 'a', value: 1, kind: null }] }],
    ['wrong_type /custom/0/unit', { custom: [{ name: 'a', value: 1, unit: null }] }],
    ['wrong_type /custom/0/labels', { custom: [{ name: 'a', value: 1, labels: ['x'] }] }],
    ['wrong_type /custom/0/labels/x', { custom: [{ name: 'a', value: 1, labels: { x: 1 } }] }],
    ['not_finite /cpu/usagePercent', JSON.parse('{"cpu":{"usagePercent":1e400}}')],
    ['not_finite /memory/totalBytes', JSON.parse('{"memory":{"totalBytes":-1e400}}')],
    ['not_finite /custom/0/value', JSON.parse('{"custom":[{"name":"a","value":1e999}]}')],
    ['out_of_range /memory/totalBytes', { memory: { totalBytes: -1 } }],
    ['out_of_range /network/0/bytesSent', { network: [{ interface: 'a', bytesSent: -1 }] }],
    ['out_of_range /cpu/usagePercent', { cpu: { usagePercent: 100.1 } }],
    ['out_of_range /cpu/usagePercent', { cpu: { cores: 4, usagePercent: 400.1 } }],
    ['out_of_range /cpu/perCorePercent/1', { cpu: { perCorePercent: [1, 101] } }],
    ['out_of_range /memory/usagePercent', { memory: { cores: 8, usagePercent: 101 } }],
    ['out_of_range /storage/0/usagePercent', { storage: [{ mount: '/', usagePercent: 101 }] }],
    ['out_of_range /memory/usedBytes', { memory: { usedBytes: 3, totalBytes: 2 } }],
    ['out_of_range /memory/availableBytes', { memory: { totalBytes: 2, availableBytes: 3 } }],
    ['out_of_range /memory/swapUsedBytes', { memory: { swapTotalBytes: 0, swapUsedBytes: 1 } }],
    [
      'out_of_range /storage/1/freeBytes',
      { storage: [{ mount: '/' }, { mount: '/a', totalBytes: 1, freeBytes: 2 }] },
    ],
    ['out_of_range /host/cores', { host: { cores: 1.5 } }],
    ['out_of_range /intervalSeconds', { intervalSeconds: 0 }],
    ['out_of_range /intervalSeconds', { intervalSeconds: 86_401 }],
    ['out_of_range /custom/0/value', { custom: [{ name: 'a', value: -1, kind: 'counter' }] }],
    ['bad_timestamp /at', { at: null }],
    ['timestamp_out_of_range /at', { at: 0 }],
    ['bad_text /bootId', { bootId: 'a\0b' }],
    ['bad_text /host/hostname', { host: { hostname: '\ud800' } }],
    ['bad_text /storage/0/mount', { storage: [{ mount: '/\n' }] }],
    ['bad_text /custom/0/labels/x', { custom: [{ name: 'a', value: 1, labels: { x: '\u009b' } }] }],
    ['too_long /network/0/interface', { network: [{ interface: 'e'.repeat(257) }] }],
    ['bad_name /custom/0/name', { custom: [{ name: 'queue depth', value: 1 }] }],
    ['bad_name /custom/0/name', { custom: [{ name: '', value: 1 }] }],
    ['bad_name /custom/0/name', { custom: [{ name: 'a{b="c"}', value: 1 }] }],
    ['bad_name /custom/0/labels', { custom: [{ name: 'a', value: 1, labels: { 'a\0\u001b[2J': 'x' } }] }],
    ['bad_name /custom/0/labels', { custom: [{ name: 'a', value: 1, labels: { ['a'.repeat(65)]: 'x' } }] }],
    ['reserved_name /custom/0/name', { custom: [{ name: 'cpu.usagePercent', value: 1 }] }],
    ['reserved_name /custom/0/name', { custom: [{ name: 'network.anything', value: 1 }] }],
    ['reserved_name /custom/0/name', { custom: [{ name: 'memory', value: 1 }] }],
    [
      'duplicate_series /custom/1',
      {
        custom: [
          { name: 'a', value: 1 },
          { name: 'a', value: 2, kind: 'counter', labels: { x: '1' } },
        ],
      },
    ],
  ])('is refused: %s', (expected, report) => {
    expect(refuse(report)).toBe(expected);
  });

  it('names no more of what it refuses than where it stood', () => {
    const written = 'x\u001b]0;owned\u0007';
    for (const report of [
      { custom: [{ name: written, value: 1 }] },
      { custom: [{ name: 'a', value: 1, labels: { [written]: 'x' } }] },
      { storage: [{ mount: written }] },
    ]) {
      expect(refuse(report)).not.toContain('owned');
    }
  });

  it('takes what stands at a limit', () => {
    expect(take({ cpu: { cores: 4, usagePercent: 400 } }).series['cpu.usagePercent']).toBe(400);
    expect(take({ memory: { usedBytes: 2, totalBytes: 2 } }).keys).toHaveLength(2);
    expect(take({ intervalSeconds: 86_400 }).intervalMs).toBe(86_400_000);
    expect(take({ intervalSeconds: 0.25 }).intervalMs).toBe(250);
    const labels = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`l${index}`, 'x']));
    expect(take({ custom: [{ name: 'a', value: 1, labels }] }).keys).toHaveLength(1);
    expect(refuse({ custom: [{ name: 'a', value: 1, labels: { ...labels, more: 'x' } }] })).toBe(
      'too_long /custom/0/labels',
    );
  });

  it('has at most 2,000 series, wherever they stand', () => {
    const numbers = (count: number) => Array.from({ length: count }, () => 1);
    const custom = (count: number) => numbers(count).map((value, index) => ({ name: `a${index}`, value }));
    const network = (count: number) =>
      numbers(count).map((value, index) => ({ interface: `e${index}`, bytesSent: value }));
    expect(take({ cpu: { perCorePercent: numbers(1_000) }, custom: custom(1_000) }).keys).toHaveLength(2_000);
    expect(refuse({ cpu: { perCorePercent: numbers(1_001) }, custom: custom(1_000) })).toBe(
      'too_many_series ',
    );
    expect(refuse({ custom: custom(2_001) })).toBe('too_many_series /custom');
    expect(refuse({ network: network(2_001) })).toBe('too_many_series /network');
    expect(refuse({ cpu: { perCorePercent: numbers(2_001) } })).toBe('too_many_series /cpu/perCorePercent');
  });

  it('carries counters beyond 2^53 as text; only counters, only digits', () => {
    const sent = (bytesSent: unknown) => ({ network: [{ interface: 'e', bytesSent }] });
    expect(take(sent('18446744073709551615')).values).toEqual([2 ** 64]);
    expect(take(sent('007')).values).toEqual([7]);
    expect(take({ custom: [{ name: 'a', kind: 'counter', value: '12' }] }).values).toEqual([12]);
    expect(take(sent(Number.MAX_SAFE_INTEGER)).values).toEqual([2 ** 53 - 1]);
    expect(refuse(sent(2 ** 53))).toBe('unsafe_integer /network/0/bytesSent');
    expect(refuse({ custom: [{ name: 'a', kind: 'counter', value: 1e16 }] })).toBe(
      'unsafe_integer /custom/0/value',
    );
    // A gauge is a double, however large.
    expect(take({ memory: { totalBytes: 2 ** 60 } }).values).toEqual([2 ** 60]);
    expect(refuse(sent('18446744073709551616'))).toBe('out_of_range /network/0/bytesSent');
    for (const text of ['', '-1', '1.5', '0x10', '1e3', ' 1', '1\n', '1'.repeat(21)]) {
      expect(refuse(sent(text))).toBe('wrong_type /network/0/bytesSent');
    }
  });

  it('has one spelling for one device', () => {
    const parsed = take({ storage: [{ mount: '/caf\u0065\u0301', device: 'x', usagePercent: 1 }] });
    expect(parsed.keys).toEqual(['storage.usagePercent{mount="/café"}']);
    expect(parsed.devices).toEqual({ storage: { '/café': { device: 'x' } } });
  });

  it('may have a device of any name', () => {
    const { keys, devices } = take({
      storage: [
        { mount: 'constructor', device: 'x', usedBytes: 1 },
        { mount: '', usedBytes: 2 },
      ],
    });
    expect(keys).toEqual(['storage.usedBytes{mount="constructor"}', 'storage.usedBytes{mount=""}']);
    expect(Object.keys(devices!['storage']!)).toEqual(['constructor']);
  });

  it('sorts the labels of a custom metric and keeps its kind and unit', () => {
    const parsed = take({
      custom: [
        { name: 'a.b', value: 1, unit: 'jobs', labels: { z: '1', a: '"' } },
        { name: 'a.b', value: 2, unit: 'jobs', kind: 'gauge' },
      ],
    });
    expect(parsed.series).toEqual({ 'a.b{a="\\"",z="1"}': 1, 'a.b': 2 });
    expect({ ...parsed.definitions }).toEqual({ 'a.b': { kind: 'gauge', unit: 'jobs' } });
  });

  it('is kept by a hub that does not know all of it; each unknown name is told once', () => {
    const parsed = take({
      gpu: {},
      cpu: { usagePercent: 1, guestPercent: 2 },
      storage: [
        { mount: '/', inodesUsed: 1 },
        { mount: '/a', inodesUsed: 2 },
      ],
      host: { timeZone: 'UTC' },
      custom: [{ name: 'a', value: 1, help: 'x' }],
      ['bad\0name']: 1,
    });
    expect(parsed.ignored).toEqual([
      'gpu',
      'cpu.guestPercent',
      'storage.inodesUsed',
      'host.timeZone',
      'custom.help',
    ]);
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`part${index}`, 1]));
    expect(take(many).ignored).toHaveLength(50);
  });
});

describe('what the agent says of itself', () => {
  const agent = { clockOffsetMs: -31_000, isClockCorrected: true, droppedReports: 3, spoolProblem: 'ENOSPC' };
  const read = (value: unknown) => parseReport({ agent: value }, NOW);

  it('is kept beside the samples, and what is newer than this hub is named', () => {
    expect(read({ ...agent, mood: 'fine' })).toMatchObject({ agent, ignored: ['agent.mood'], keys: [] });
  });

  it.each([
    [[], '/agent'],
    [{ clockOffsetMs: '5' }, '/agent/clockOffsetMs'],
    [{ isClockCorrected: 1 }, '/agent/isClockCorrected'],
    [{ droppedReports: -1 }, '/agent/droppedReports'],
    [{ refusedReports: 1.5 }, '/agent/refusedReports'],
    [{ spoolProblem: 'a\0b' }, '/agent/spoolProblem'],
  ])('is refused as %j', (value, path) => {
    expect(read(value)).toMatchObject({ path });
  });
});
