/** A series as the hub names it: `storage.usedBytes{mount="/"}`. The hub's own parser has the grammar. */
export interface SeriesName {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export function parseSeriesKey(key: string): SeriesName {
  const brace = key.indexOf('{');
  if (brace < 0) return { name: key, labels: {} };
  const labels = Object.create(null) as Record<string, string>;
  for (const [, label, value] of key.slice(brace + 1, -1).matchAll(LABEL)) {
    labels[label!] = value!.replace(/\\(.)/g, (_, character: string) =>
      character === 'n' ? '\n' : character,
    );
  }
  return { name: key.slice(0, brace), labels };
}

export function formatSeriesKey(name: string, labels: Readonly<Record<string, unknown>> = {}): string {
  const keys = Object.keys(labels).sort();
  if (keys.length === 0 || name.includes('{')) return name;
  const escape = (value: unknown) =>
    String(value).replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
  return `${name}{${keys.map((key) => `${key}="${escape(labels[key])}"`).join(',')}}`;
}
