/** A line of StatsD with what DogStatsD adds: `name:value|type|@rate|#tag:value,…`, several values parted by `:`. */
export interface StatsdLine {
  /** As the hub spells names: other characters became `_`. */
  readonly name: string;
  readonly type: StatsdType;
  /** As text: a sign means something to a gauge, and a set takes any word. */
  readonly values: readonly string[];
  /** Above 0, at most 1: a tenth stands for ten. */
  readonly rate: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** `ms` and `h` differ only in what they count. */
export type StatsdType = 'c' | 'g' | 's' | 'ms' | 'h';

const TYPES: Readonly<Record<string, StatsdType>> = { c: 'c', g: 'g', s: 's', ms: 'ms', h: 'h', d: 'h' };
const MAX_LINE = 4_096;
const MAX_VALUES = 256;

/** Gives the line, or in words what is wrong; nothing of its content is repeated. Undefined for what is no metric. */
export function parseStatsdLine(line: string): StatsdLine | string | undefined {
  if (line === '' || line.startsWith('_e{') || line.startsWith('_sc|')) return undefined;
  if (line.length > MAX_LINE) return 'a line is longer than 4 KiB';
  const [head, typeText, ...rest] = line.trimEnd().split('|');
  const colon = head!.indexOf(':');
  if (colon < 1 || typeText === undefined) return 'a line is not name:value|type';
  const type = Object.hasOwn(TYPES, typeText) ? TYPES[typeText]! : undefined;
  if (!type) return 'a line has a type that is none of c, g, ms, h, d, s';
  const name = head!.slice(0, colon).replace(/[^A-Za-z0-9_.]/g, '_');
  const text = head!.slice(colon + 1);
  // A member of a set may hold colons.
  const values = type === 's' ? [text] : text.split(':');
  if (values.length > MAX_VALUES) return 'a line has more than 256 values';
  const rate = rest.find((part) => part.startsWith('@'));
  const share = rate === undefined ? 1 : Number(rate.slice(1));
  if (!(share > 0 && share <= 1) || share < 1e-9)
    return 'a line has a rate that is not above 0 and at most 1';
  const tags = rest.find((part) => part.startsWith('#'));
  return { name, type, values, rate: share, labels: readTags(tags?.slice(1) ?? '') };
}

/** A tag without a value is a label that says `true`; of a tag that is there twice the last counts. */
function readTags(text: string): Record<string, string> {
  const labels = Object.create(null) as Record<string, string>;
  for (const tag of text.split(',')) {
    const colon = tag.indexOf(':');
    const name = (colon < 0 ? tag : tag.slice(0, colon))
      .replace(/[^A-Za-z0-9_]/g, '_')
      .replace(/^(?=\d)/, '_');
    const value = colon < 0 ? 'true' : tag.slice(colon + 1);
    if (name !== '' && value !== '') labels[name] = value;
  }
  return labels;
}
