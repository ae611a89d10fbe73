import type { CustomReading } from '../../core/model/report.js';

export interface ParsedText {
  readings: CustomReading[];
  /** What was left out, with its line; holds nothing of the text. */
  problems: string[];
}

type Family = 'counter' | 'gauge' | 'histogram' | 'summary' | 'gaugehistogram' | 'untyped';

/** How each type of the format is meant; what only tells a state is a gauge. */
const FAMILIES: Readonly<Record<string, Family>> = {
  ...{ counter: 'counter', gauge: 'gauge', histogram: 'histogram', summary: 'summary' },
  ...{
    gaugehistogram: 'gaugehistogram',
    untyped: 'untyped',
    unknown: 'untyped',
    info: 'gauge',
    stateset: 'gauge',
  },
};
const MAX_PROBLEMS = 5;
const MAX_LINE = 32 * 1024;

/**
 * Reads the Prometheus text format, and what OpenMetrics adds to it. A line that is wrong is left out and
 * named; the others count. Values that are no number (`NaN`, `+Inf`) are left out, as there is nothing to show.
 * @param oldestMs a line with an own time stamp before this instant (epoch ms) is left out as stale
 */
export function parsePrometheusText(text: string, oldestMs: number): ParsedText {
  const lines = text.split('\n');
  const problems: string[] = [];
  // Whoever writes the file now has not come further: what stands there may be half a number.
  if (lines.pop() !== '') problems.push('its last line has no end: half-written? Write beside it and rename');
  const about = readComments(lines);
  const readings: CustomReading[] = [];
  let faults = 0;
  lines.forEach((line, index) => {
    const found = line.length > MAX_LINE ? 'is too long' : readLine(line, about, oldestMs);
    if (typeof found === 'object') readings.push(found);
    else if (found !== undefined && ++faults <= MAX_PROBLEMS) problems.push(`line ${index + 1} ${found}`);
  });
  if (faults > MAX_PROBLEMS) problems.push('and further lines');
  return { readings, problems };
}

interface Comments {
  readonly types: ReadonlyMap<string, Family>;
  readonly units: ReadonlyMap<string, string>;
}

/** `# TYPE` and `# UNIT`, which count for the whole file wherever they stand. */
function readComments(lines: readonly string[]): Comments {
  const types = new Map<string, Family>();
  const units = new Map<string, string>();
  for (const line of lines) {
    if (!line.startsWith('#')) continue;
    const [, what, name, value] = /^#[ \t]+(TYPE|UNIT)[ \t]+(\S+)[ \t]+(\S+)[ \t\r]*$/.exec(line) ?? [];
    if (what === 'UNIT') units.set(name!, value!);
    else if (what === 'TYPE') types.set(name!, FAMILIES[value!] ?? 'untyped');
  }
  return { types, units };
}

const SAMPLE_NAME = /[A-Za-z_:][A-Za-z0-9_:]*/y;
const LABEL_NAME = /[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*"/y;
const REST = /^[ \t]*(\S+)(?:[ \t]+(-?[0-9.eE+]+))?[ \t\r]*$/;

/** Gives a reading, what is wrong with the line, or nothing for a line without a value. */
function readLine(line: string, about: Comments, oldestMs: number): CustomReading | string | undefined {
  let at = skipBlanks(line, 0);
  if (at === line.length || line[at] === '#' || line[at] === '\r') return undefined;
  SAMPLE_NAME.lastIndex = at;
  const sample = SAMPLE_NAME.exec(line)?.[0];
  if (sample === undefined) return 'has no name that can be read';
  at = skipBlanks(line, at + sample.length);
  let labels: Record<string, string> | undefined;
  if (line[at] === '{') {
    const read = readLabels(line, at + 1);
    if (!read) return 'has labels that cannot be read';
    ({ labels, end: at } = read);
  }
  // What follows a number sign is an exemplar.
  const sign = line.indexOf(' # ', at);
  const [, value, time] = REST.exec(sign < 0 ? line.slice(at) : line.slice(at, sign)) ?? [];
  if (value === undefined) return 'is not a name, labels and a number';
  const number = readNumber(value);
  if (number === undefined) return 'has no number where its value should be';
  if (time !== undefined && toMilliseconds(time) < oldestMs) return 'has a time that is too old';
  return Number.isFinite(number) ? toReading(sample, labels, number, about) : undefined;
}

function skipBlanks(line: string, from: number): number {
  let at = from;
  while (line[at] === ' ' || line[at] === '\t') at += 1;
  return at;
}

/** Prometheus counts milliseconds, OpenMetrics seconds: no machine's clock makes the one look like the other. */
const toMilliseconds = (time: string): number =>
  Math.abs(Number(time)) < 1e11 ? Number(time) * 1000 : Number(time);

function readNumber(text: string): number | undefined {
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  return /^(?:nan|[+-]?inf(?:inity)?)$/i.test(text) ? NaN : undefined;
}

/** Reads from behind the brace to behind the closing one. */
function readLabels(line: string, from: number): { labels: Record<string, string>; end: number } | undefined {
  const labels = Object.create(null) as Record<string, string>;
  let at = from;
  for (;;) {
    at = skipBlanks(line, at);
    if (line[at] === '}') return { labels, end: at + 1 };
    LABEL_NAME.lastIndex = at;
    const name = LABEL_NAME.exec(line);
    if (!name || name[1]! in labels) return undefined;
    const value = readQuoted(line, LABEL_NAME.lastIndex);
    if (!value) return undefined;
    // Without a text it is as if the label were not there.
    if (value.text !== '') labels[name[1]!] = value.text;
    at = skipBlanks(line, value.end);
    if (line[at] === ',') at += 1;
    else if (line[at] !== '}') return undefined;
  }
}

function readQuoted(line: string, from: number): { text: string; end: number } | undefined {
  let text = '';
  let start = from;
  for (let at = from; at < line.length; at += 1) {
    if (line[at] === '"') return { text: text + line.slice(start, at), end: at + 1 };
    if (line[at] !== '\\') continue;
    const escaped = line[at + 1];
    // A label of the hub has one line.
    text +=
      line.slice(start, at) + (escaped === 'n' ? ' ' : escaped === '"' || escaped === '\\' ? escaped : '\\');
    at += escaped === 'n' || escaped === '"' || escaped === '\\' ? 1 : 0;
    start = at + 1;
  }
  return undefined;
}

const PARTS_OF: Readonly<Record<Family, readonly string[]>> = {
  counter: ['_total'],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['_sum', '_count'],
  gaugehistogram: ['_bucket', '_gsum', '_gcount'],
  gauge: [],
  untyped: [],
};

function toReading(
  sample: string,
  labels: Record<string, string> | undefined,
  value: number,
  about: Comments,
): CustomReading | undefined {
  const { family, base, part } = findFamily(sample, about.types);
  // When a series began is no measurement.
  if (part === '_created') return undefined;
  const isCounter = family === 'counter' || ((family === 'histogram' || family === 'summary') && part !== '');
  const unit =
    part === '_count' || part === '_bucket' ? undefined : (about.units.get(base) ?? guessUnit(sample));
  return {
    name: sample.replaceAll(':', '_'),
    value: isCounter ? spellCounter(value) : value,
    kind: isCounter ? 'counter' : 'gauge',
    ...(unit !== undefined && { unit }),
    ...(labels && Object.keys(labels).length > 0 && { labels: { ...labels } }),
  };
}

function findFamily(
  sample: string,
  types: Comments['types'],
): { family: Family; base: string; part: string } {
  const own = types.get(sample);
  if (own) return { family: own, base: sample, part: '' };
  const cut = sample.lastIndexOf('_');
  const [base, part] = cut > 0 ? [sample.slice(0, cut), sample.slice(cut)] : [sample, ''];
  const family = types.get(base);
  const isPart =
    family && (PARTS_OF[family].includes(part) || (part === '_created' && PARTS_OF[family].length > 0));
  return isPart ? { family, base, part } : { family: 'untyped', base: sample, part: '' };
}

/** By the convention that a name ends with its unit, before `_total` and the like. */
function guessUnit(sample: string): string | undefined {
  return /_(bytes|seconds|milliseconds|celsius|percent)(?:_total|_sum)?$/.exec(sample)?.[1];
}

const MAX_UINT64 = 2n ** 64n - 1n;

/** A counter beyond what a number of JSON holds exactly is spelled out. */
export function spellCounter(value: number): number | string {
  if (value <= Number.MAX_SAFE_INTEGER) return value;
  const whole = BigInt(Math.round(value));
  return whole <= MAX_UINT64 ? whole.toString() : value;
}
