import { formatSeriesKey, labelledKey, metricNameOf, parseSeriesKey } from './series-key.js';

const labelled = (labels: Record<string, string>) => formatSeriesKey('queue.depth', labels);

describe('series keys', () => {
  it.each([
    ['cpu.usagePercent', 'cpu.usagePercent', {}],
    ['storage.usedBytes{mount="/"}', 'storage.usedBytes', { mount: '/' }],
    ['a{b="say \\"hi\\"",c="C:\\\\d",e="x\\ny"}', 'a', { b: 'say "hi"', c: 'C:\\d', e: 'x\ny' }],
    ['a{b=""}', 'a', { b: '' }],
    ['a{b="},{=\\""}', 'a', { b: '},{="' }],
  ])('%s is read and written the same', (key, name, labels) => {
    expect(formatSeriesKey(name, labels)).toBe(key);
    expect({ ...parseSeriesKey(key)?.labels }).toEqual(labels);
    expect(parseSeriesKey(key)?.name).toBe(name);
    expect(metricNameOf(key)).toBe(name);
  });

  it('come back whatever a label holds', () => {
    const alphabet = ['"', '\\', '\n', 'n', '{', '}', ',', '=', ' ', 'é', '💾', 'x'];
    let seed = 7;
    const pick = (): string => alphabet[(seed = (seed * 48_271) % 2_147_483_647) % alphabet.length]!;
    for (let round = 0; round < 500; round++) {
      const labels = { mount: Array.from({ length: round % 9 }, pick).join(''), z: pick() };
      const key = labelled(labels);
      expect({ ...parseSeriesKey(key)!.labels }).toEqual(labels);
      expect(key).not.toContain('\n');
    }
  });

  it('have one spelling, whatever the order of the labels', () => {
    expect(labelled({ shard: '3', queue: 'mail' })).toBe('queue.depth{queue="mail",shard="3"}');
    expect(labelled({ queue: 'mail' })).toBe(labelledKey('queue.depth', 'queue', 'mail'));
    const typed = parseSeriesKey('queue.depth{shard="3",queue="mail"}')!;
    expect(formatSeriesKey(typed.name, typed.labels)).toBe('queue.depth{queue="mail",shard="3"}');
  });

  it.each([
    '',
    '{a="b"}',
    'a{',
    'a{b}',
    'a{b="c"',
    'a{b="c"x}',
    'a{b="c",}',
    'a{b="c""d"}',
    'a{b="c",b="d"}',
    'a{b="\\x"}',
    'a{b="c"}x',
    'a{1b="c"}',
    'a{b="line\nbreak"}',
  ])('%j is none', (text) => {
    expect(parseSeriesKey(text)).toBeUndefined();
  });
});
