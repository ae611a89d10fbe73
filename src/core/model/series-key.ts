/**
 * A series key names one series of a monitor: the metric's name, and its labels where it has any.
 *
 *     cpu.usagePercent        storage.usedBytes{mount="/"}        queue.depth{queue="mail",shard="3"}
 *
 * Labels are sorted by key; in a value `"`, `\` and newline are escaped as `\"`, `\\`, `\n`.
 * One series has one spelling, so that keys can be compared as strings.
 */
export type Labels = Readonly<Record<string, string>>;

export interface ParsedSeriesKey {
  readonly name: string;
  readonly labels: Labels;
}

const NO_LABELS: Labels = Object.freeze({});

function escapeLabelValue(value: string): string {
  return /["\\\n]/.test(value)
    ? value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
    : value;
}

/** The key of a series with one label: the common case, kept cheap. */
export function labelledKey(name: string, label: string, value: string): string {
  return `${name}{${label}="${escapeLabelValue(value)}"}`;
}

/** The canonical key of a series. */
export function formatSeriesKey(name: string, labels: Labels = NO_LABELS): string {
  const keys = Object.keys(labels).sort();
  if (keys.length === 0) return name;
  return `${name}{${keys.map((key) => `${key}="${escapeLabelValue(labels[key]!)}"`).join(',')}}`;
}

const LABEL = /([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

/**
 * Reads a key back. Returns undefined when the text is not a canonical or canonicalisable key;
 * labels in another order are accepted, because people type them.
 */
export function parseSeriesKey(key: string): ParsedSeriesKey | undefined {
  const brace = key.indexOf('{');
  if (brace < 0) return key.length > 0 ? { name: key, labels: NO_LABELS } : undefined;
  if (brace === 0 || !key.endsWith('}')) return undefined;
  const inside = key.slice(brace + 1, -1);
  const labels: Record<string, string> = Object.create(null) as Record<string, string>;
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < inside.length) {
    const match = LABEL.exec(inside);
    if (!match || match[1]! in labels) return undefined;
    labels[match[1]!] = match[2]!.replace(/\\(["\\n])/g, (_, c: string) => (c === 'n' ? '\n' : c));
    if (match[3] === '' && LABEL.lastIndex < inside.length) return undefined;
    if (match[3] === ',' && LABEL.lastIndex >= inside.length) return undefined;
  }
  return { name: key.slice(0, brace), labels };
}

/** The metric's name of a key, without parsing its labels. */
export function metricNameOf(key: string): string {
  const brace = key.indexOf('{');
  return brace < 0 ? key : key.slice(0, brace);
}
