import { pickLocale } from './locale.ts';

const STEPS: readonly [sizeMs: number, unit: string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** The two largest parts: `3 d 4 h`, `12 min`, `14 s`. */
export function formatDuration(durationMs: number): string {
  let restMs = Math.max(0, Math.floor(durationMs / 1000) * 1000);
  const first = STEPS.findIndex(([sizeMs]) => restMs >= sizeMs);
  if (first < 0) return '0\u00a0s';
  const parts: string[] = [];
  for (const [sizeMs, unit] of STEPS.slice(first, first + 2)) {
    const amount = Math.floor(restMs / sizeMs);
    restMs -= amount * sizeMs;
    if (amount > 0) parts.push(`${amount}\u00a0${unit}`);
  }
  return parts.join(' ');
}

/** One part only, for ages that are read at a glance: `14 s`, `12 min`, `3 d`. */
export function formatAge(durationMs: number): string {
  return formatDuration(durationMs).split(' ')[0] ?? '';
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function formatWith(name: string, options: Intl.DateTimeFormatOptions, atMs: number): string {
  let clock = clocks.get(name);
  if (!clock) {
    clock = new Intl.DateTimeFormat(pickLocale(), options);
    clocks.set(name, clock);
  }
  return clock.format(atMs);
}

export function formatClock(atMs: number): string {
  return formatWith('clock', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, atMs);
}

export function formatClockSeconds(atMs: number): string {
  const options = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
  return formatWith('seconds', options, atMs);
}

export function formatDay(atMs: number): string {
  return formatWith('day', { month: 'short', day: 'numeric' }, atMs);
}

export function formatInstant(atMs: number): string {
  return formatWith('instant', { dateStyle: 'medium', timeStyle: 'medium' }, atMs);
}
