import type { CustomReading } from '../../core/model/report.js';
import { formatSeriesKey } from '../../core/model/series-key.js';
import { findFault } from './custom-part.js';
import { spellCounter } from './prometheus-text.js';
import { parseStatsdLine, type StatsdLine } from './statsd-line.js';

/** Series that are kept at once; a timer makes up to seven of a report's values. */
const MAX_WEIGHT = 2_000;
const TIMER_WEIGHT = 7;
/** Of more values within an interval a fair draw is kept: shares of it are those of all, closely. */
const MAX_SAMPLES = 512;
/** Members of all sets together, within an interval. */
const MAX_MEMBERS = 50_000;
const MAX_FAULTS = 20;

interface Timer {
  /** Since it is known, what was not sampled included. */
  total: number;
  /** Of this interval. */
  seen: number;
  sum: number;
  min: number;
  max: number;
  samples: number[];
}

interface Entry {
  readonly name: string;
  readonly type: StatsdLine['type'];
  readonly labels: Readonly<Record<string, string>>;
  usedAt: number;
  /** Has not been in a report yet. */
  isNew: boolean;
  /** Of a counter the total, of a gauge its value. */
  value: number;
  readonly timer: Timer;
  members: Set<number>;
}

export interface StatsdAggregateOptions {
  /** What nobody sends any more is forgotten after this. */
  idleMs: number;
  /** Milliseconds of a clock that only goes forward. */
  now: () => number;
  /** From 0 to 1. */
  random: () => number;
}

/** What arrived by StatsD, in bounded memory, until a report takes it. */
export class StatsdAggregate {
  private readonly entries = new Map<string, Entry>();
  private readonly typeOf = new Map<string, StatsdLine['type']>();
  /** When each fault was last seen. */
  private readonly faults = new Map<string, number>();
  private weight = 0;
  private members = 0;

  constructor(private readonly options: StatsdAggregateOptions) {}

  /** Takes a datagram: one line or several. */
  take(text: string): void {
    for (const line of text.split('\n')) {
      const parsed = parseStatsdLine(line);
      if (parsed === undefined) continue;
      const fault = typeof parsed === 'string' ? parsed : this.count(parsed);
      if (fault !== undefined) this.noteFault(fault);
    }
  }

  /** Everything for one report; timers and sets begin anew. Faults are told for as long as values are kept. */
  drain(): { readings: CustomReading[]; problems: string[] } {
    this.forgetIdle();
    const readings = [...this.entries.values()].flatMap((entry) => present(entry));
    for (const entry of this.entries.values()) {
      entry.isNew = false;
      entry.members = new Set();
      Object.assign(entry.timer, newInterval());
    }
    this.members = 0;
    return { readings, problems: [...this.faults.keys()] };
  }

  private count(line: StatsdLine): string | undefined {
    const entry = this.find(line);
    if (typeof entry === 'string') return entry;
    entry.usedAt = this.options.now();
    let fault: string | undefined;
    for (const value of line.values) fault = this.countOne(entry, value, line.rate) ?? fault;
    return fault;
  }

  private countOne(entry: Entry, text: string, rate: number): string | undefined {
    if (entry.type === 's') return this.addMember(entry, text);
    const value = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : NaN;
    if (!Number.isFinite(value)) return `${entry.name} has a value that is no finite number`;
    if (entry.type === 'c') {
      if (value < 0) return `${entry.name} is a counter and cannot go down: take a gauge`;
      entry.value = Math.min(entry.value + value / rate, 2 ** 63);
    } else if (entry.type === 'g') {
      const next = /^[+-]/.test(text) ? entry.value + value : value;
      if (Number.isFinite(next)) entry.value = next;
    } else {
      this.addSample(entry.timer, value, rate);
    }
    return undefined;
  }

  private addSample(timer: Timer, value: number, rate: number): void {
    timer.total = Math.min(timer.total + 1 / rate, 2 ** 63);
    timer.seen += 1;
    timer.sum += value;
    timer.min = Math.min(timer.min, value);
    timer.max = Math.max(timer.max, value);
    if (timer.samples.length < MAX_SAMPLES) {
      timer.samples.push(value);
      return;
    }
    const place = Math.floor(this.options.random() * timer.seen);
    if (place < MAX_SAMPLES) timer.samples[place] = value;
  }

  private addMember(entry: Entry, text: string): string | undefined {
    const member = hash(text);
    if (entry.members.has(member)) return undefined;
    if (this.members >= MAX_MEMBERS) return `${entry.name} and other sets have more members than are counted`;
    entry.members.add(member);
    this.members += 1;
    return undefined;
  }

  private find({ name, type, labels }: StatsdLine): Entry | string {
    const key = formatSeriesKey(name, labels);
    const known = this.entries.get(key);
    if (known?.type === type) return known;
    const weight = weigh(type);
    // Cheap before dear: a flood of names is refused here. Room comes back when a report is made.
    if (this.weight + weight > MAX_WEIGHT) return 'there are more series than a report has room for';
    if ((this.typeOf.get(name) ?? type) !== type) return `${name} is sent as another type than before`;
    const fault = findFault({ name, value: 0, labels });
    if (fault !== undefined) return fault;
    this.weight += weight;
    this.typeOf.set(name, type);
    const timer = { total: 0, ...newInterval() };
    const entry = { name, type, labels, usedAt: 0, isNew: true, value: 0, timer, members: new Set<number>() };
    this.entries.set(key, entry);
    return entry;
  }

  private forgetIdle(): void {
    const since = this.options.now() - this.options.idleMs;
    for (const [key, { usedAt, type }] of this.entries) {
      if (usedAt >= since) continue;
      this.entries.delete(key);
      this.weight -= weigh(type);
    }
    const names = new Set([...this.entries.values()].map(({ name }) => name));
    for (const name of this.typeOf.keys()) if (!names.has(name)) this.typeOf.delete(name);
    for (const [fault, seenAt] of this.faults) if (seenAt < since) this.faults.delete(fault);
  }

  private noteFault(fault: string): void {
    if (this.faults.has(fault) || this.faults.size < MAX_FAULTS) this.faults.set(fault, this.options.now());
  }
}

const weigh = (type: StatsdLine['type']): number => (type === 'ms' || type === 'h' ? TIMER_WEIGHT : 1);

const newInterval = (): Omit<Timer, 'total'> => ({
  ...{ seen: 0, sum: 0, min: Infinity, max: -Infinity },
  samples: [],
});

function present({ name, type, labels, isNew, value, timer, members }: Entry): CustomReading[] {
  const more = Object.keys(labels).length > 0 ? { labels: { ...labels } } : {};
  // The first report of a counter says zero: what came before it would else never show as a rate.
  const count = (of: string, total: number): CustomReading => ({
    ...{ name: of, value: isNew ? 0 : spellCounter(total), kind: 'counter' as const },
    ...more,
  });
  if (type === 'c') return [count(name, value)];
  if (type === 'g') return [{ name, value, ...more }];
  if (type === 's') return [{ name, value: members.size, ...more }];
  const unit = type === 'ms' ? { unit: 'ms' } : {};
  const statistics = Object.entries(summarise(timer)).filter(([, one]) => Number.isFinite(one));
  return [
    count(`${name}.count`, timer.total),
    ...statistics.map(([of, one]): CustomReading => ({
      name: `${name}.${of}`,
      value: one,
      ...unit,
      ...more,
    })),
  ];
}

function summarise({ seen, sum, min, max, samples }: Timer): Record<string, number> {
  if (seen === 0) return {};
  const sorted = Float64Array.from(samples).sort();
  const rank = (share: number) => sorted[Math.ceil(share * sorted.length) - 1]!;
  return { min, max, mean: sum / seen, p50: rank(0.5), p90: rank(0.9), p99: rank(0.99) };
}

/** 53 bits of FNV-1a over two lanes: two members of a set that meet are rarer than a lost datagram. */
function hash(text: string): number {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x85ebca6b);
    high ^= high >>> 13;
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}
