import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { isRejection, parseReport } from './parse-report.js';
import { ReportTemplate } from './report-template.js';

const NOW = 1_795_353_691_500;
const FIXTURES = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../test/fixtures/reports');

const EXAMPLE = {
  at: NOW - 5_000,
  bootId: 'b "quoted" \\ 12',
  intervalSeconds: 10,
  host: { hostname: 'größe-1', cores: 4 },
  cpu: { usagePercent: 12.5, cores: 4, load1: 0.25, perCorePercent: [1, 2.5, 100, 0] },
  memory: { totalBytes: 8_000, usedBytes: 3_000 },
  storage: [
    { mount: '/', device: '/dev/vda1', totalBytes: 500, usedBytes: 20, usagePercent: 4 },
    { mount: '/srv 7', totalBytes: 1_000, usedBytes: 1_000 },
  ],
  network: [{ interface: 'eth0', bytesSent: 2 ** 53 - 1, bytesReceived: '18446744073709551615' }],
  custom: [
    { name: 'sensor.celsius', value: -40.25, labels: { place: 'cellar 2' } },
    { name: 'jobs.done', kind: 'counter', value: 7 },
  ],
  unknown: { 'a/b': 1, list: [1, 'x'] },
};

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The order in which a layout keeps the values of a report. */
function orderOf(report: unknown): number[] {
  const parsed = parseReport(report, NOW);
  if (isRejection(parsed)) throw new Error(`refused: ${parsed.code} ${parsed.path}`);
  const { keys } = parsed;
  return [...keys.keys()].sort((a, b) => (keys[a]! < keys[b]! ? -1 : 1));
}

function learn(report: unknown, text = JSON.stringify(report)): ReportTemplate | undefined {
  return ReportTemplate.learn(bytesOf(text), orderOf(JSON.parse(text)), NOW);
}

/** What the whole way makes of a text: instant and values in the order of their keys; undefined when it refuses it. */
function readWhole(text: string): { at: number; values: number[] } | undefined {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = parseReport(input, NOW);
  if (isRejection(parsed)) return undefined;
  const pairs = parsed.keys.map((key, index): [string, number] => [key, parsed.values[index]!]);
  return { at: parsed.at, values: pairs.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value) };
}

function readKnown(template: ReportTemplate, text: string): { at: number; values: number[] } | undefined {
  const body = bytesOf(text);
  const reading = template.read(body, 0, NOW);
  return reading?.end === body.length ? { at: reading.at, values: [...reading.values] } : undefined;
}

describe('a report of a known shape', () => {
  it.each([
    'contract-example',
    // The examples that real machines gave, as the agent spells them.
    'example',
  ])('is read as the whole way reads it: %s', (name) => {
    const report: unknown =
      name === 'example' ? EXAMPLE : JSON.parse(readFileSync(path.join(FIXTURES, `${name}.json`), 'utf8'));
    const text = JSON.stringify({ ...(report as object), at: NOW });
    expect(readKnown(learn(JSON.parse(text))!, text)).toEqual(readWhole(text));
  });

  it('gives other numbers and another instant, each in its place', () => {
    const template = learn(EXAMPLE)!;
    const next = structuredClone(EXAMPLE);
    next.at = NOW + 1;
    next.cpu.load1 = 1e-7;
    next.cpu.perCorePercent = [400, 0, 0.1 + 0.2, 99.99];
    next.memory.usedBytes = 8_000;
    next.custom[0]!.value = -1.5e300;
    next.network[0]!.bytesSent = 0;
    const text = JSON.stringify(next);
    const known = readKnown(template, text);
    expect(known).toEqual(readWhole(text));
    expect(known!.at).toBe(NOW + 1);
    expect(known!.values).toContain(0.1 + 0.2);
  });

  it('begins anywhere, and its end is told', () => {
    const text = JSON.stringify(EXAMPLE);
    const reading = learn(EXAMPLE)!.read(bytesOf(`,,${text}]`), 2, NOW);
    expect(reading!.end).toBe(2 + bytesOf(text).length);
  });

  it('is of now where it names no instant', () => {
    const text = '{"cpu":{"usagePercent":1}}';
    expect(readKnown(learn(JSON.parse(text), text)!, text)).toEqual({ at: NOW, values: [1] });
  });

  it('cannot be one whose instant is words, or that has nothing to measure', () => {
    expect(learn({ ...EXAMPLE, at: new Date(NOW).toISOString() })).toBeUndefined();
    expect(learn({ bootId: 'x' })).toBeUndefined();
    expect(learn({ cpu: { cores: 4 } })).toBeUndefined();
  });
});

describe('what is not of the shape, or not right, is left to the whole way', () => {
  const template = learn(EXAMPLE)!;
  const change = (from: string, to: string): string => {
    const text = JSON.stringify(EXAMPLE);
    expect(text.split(from)).toHaveLength(2);
    return text.replace(from, to);
  };

  it.each([
    ['another text', '"eth0"', '"eth1"'],
    ['other cores, by which percentages are judged', '"cores":4,"load1"', '"cores":2,"load1"'],
    ['an interval', '"intervalSeconds":10', '"intervalSeconds":60'],
    ['a percentage above its limit', '"usagePercent":12.5', '"usagePercent":400.01'],
    ['more used than there is', '"usedBytes":3000', '"usedBytes":8001'],
    ['a negative value', '"load1":0.25', '"load1":-0.25'],
    ['a negative counter', '"value":7', '"value":-7'],
    ['a counter beyond what is exact', '9007199254740991', '9007199254740992'],
    ['a number too large', '"value":-40.25', '"value":-1e999'],
    ['a string for a number', '"load1":0.25', '"load1":"0.25"'],
    ['null for a number', '"load1":0.25', '"load1":null'],
    ['a number written as JSON does not: leading zero', '"load1":0.25', '"load1":00.25'],
    ['no whole part', '"load1":0.25', '"load1":.25'],
    ['no decimals behind the dot', '"load1":0.25', '"load1":0.'],
    ['two dots', '"load1":0.25', '"load1":0.2.5'],
    ['a plus', '"load1":0.25', '"load1":+0.25'],
    ['nothing', '"load1":0.25', '"load1":'],
    ['a bare minus', '"value":-40.25', '"value":-'],
    ['an instant of long ago', `"at":${NOW - 5_000}`, '"at":1000'],
    ['an instant with a fraction', `"at":${NOW - 5_000}`, `"at":${NOW}.5`],
    ['a blank', '"load1":0.25', '"load1": 0.25'],
    ['an unknown number', '"a/b":1', '"a/b":2'],
  ])('%s', (_, from, to) => {
    expect(template.read(bytesOf(change(from, to)), 0, NOW)).toBeUndefined();
  });

  it('a text that is cut off anywhere', () => {
    const body = bytesOf(JSON.stringify(EXAMPLE));
    for (let length = 0; length < body.length; length++)
      expect(template.read(body.subarray(0, length), 0, NOW)).toBeUndefined();
  });
});

describe('whatever a text is made into', () => {
  const templates = [learn(EXAMPLE)!, learn({ ...EXAMPLE, at: undefined })!];
  const runs = process.env['SOAK'] === '1' ? 200_000 : 4_000;

  it('it is read as the whole way reads it, or not at all', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.integer().map(String),
      fc.constantFrom(
        '0',
        '-0',
        '1e3',
        '1E-3',
        '1.50',
        '100',
        '123456789012345678',
        '0.1234567890123456',
        '1e400',
      ),
    );
    let readable = 0;
    fc.assert(
      fc.property(fc.nat(1), fc.array(fc.tuple(fc.nat(60), number), { maxLength: 3 }), (which, changes) => {
        let text = JSON.stringify(which === 0 ? EXAMPLE : { ...EXAMPLE, at: undefined });
        for (const [ordinal, written] of changes) {
          let seen = 0;
          text = text.replaceAll(/(?<=[:[,])-?\d[\d.]*/g, (token) => (seen++ === ordinal ? written : token));
        }
        const known = readKnown(templates[which]!, text);
        if (known) readable++;
        if (known) expect(known).toEqual(readWhole(text));
      }),
      { numRuns: runs },
    );
    expect(readable).toBeGreaterThan(runs / 20);
  });

  it('also where single bytes are others', () => {
    const body = bytesOf(JSON.stringify(EXAMPLE));
    fc.assert(
      fc.property(
        fc.nat(body.length - 1),
        fc.constantFrom(...'0123456789.-+eE",:{}[] \\x'),
        (index, character) => {
          const changed = body.slice();
          changed[index] = character.charCodeAt(0);
          const text = textOf(changed);
          const known = readKnown(templates[0]!, text);
          if (known) expect(known).toEqual(readWhole(text));
        },
      ),
      { numRuns: runs },
    );
  });

  it('and what has a key twice, or keys like numbers, keeps its meaning', () => {
    for (const text of [
      '{"cpu":{"load1":1,"load5":2,"load1":3}}',
      '{"cpu":{"load1":1},"cpu":{"load5":5}}',
      '{"7":1,"cpu":{"3":9,"load1":1},"2":{"load1":8}}',
      '{"cpu/load1":4,"cpu":{"load1":1},"~1":2}',
    ]) {
      const template = learn(JSON.parse(text), text)!;
      const other = text.replaceAll(/:1\b/g, ':11').replaceAll(':3', ':13').replaceAll(':5', ':15');
      for (const written of [text, other]) {
        const known = readKnown(template, written);
        if (written === text || known) expect(known).toEqual(readWhole(written));
      }
    }
  });
});
