/** Somebody was refused at a door: a wrong password, an unknown key. */
export interface Refusal {
  /** `session.refused`, `apiKey.refused` … */
  readonly action: `${string}.refused`;
  readonly targetType: 'session' | 'apiKey' | 'accessToken' | 'user' | 'invitation' | 'enrolmentKey';
  readonly address: string;
  readonly requestId?: string;
  /** The address that somebody tried to sign in with. */
  readonly email?: string;
}

/** Several refusals that look alike, as one entry of the log. */
export interface RefusalSummary {
  readonly refusal: Refusal;
  readonly count: number;
  /** Epoch ms. */
  readonly firstAt: number;
  readonly lastAt: number;
}

const WINDOW_MS = 15 * 60_000;
const MAX_GROUPS = 20;

interface Group {
  refusal: Refusal;
  count: number;
  firstAt: number;
  lastAt: number;
}

/**
 * Bounds what refusals may cost: the first of its kind is written at once, its repetitions only counted, and written
 * as one entry a quarter of an hour later. Whoever comes from a thousand addresses shares one entry with all
 * beyond the twentieth: a flood writes at most 41 entries in a quarter of an hour, whatever its size.
 */
export class RefusalTally {
  private readonly groups = new Map<string, Group>();
  private windowEndsAt = 0;

  /** Counts a refusal; true when it is the first of its kind and to be written now. */
  note(refusal: Refusal, now: number): boolean {
    if (this.groups.size === 0) this.windowEndsAt = now + WINDOW_MS;
    const key = `${refusal.action} ${refusal.address} ${refusal.email?.toLowerCase() ?? ''}`;
    const isCrowded = !this.groups.has(key) && this.groups.size >= MAX_GROUPS;
    const groupKey = isCrowded ? 'others' : key;
    const group = this.groups.get(groupKey);
    if (!group) {
      const counted = isCrowded ? { ...refusal, address: 'several', email: undefined } : refusal;
      this.groups.set(groupKey, { refusal: counted, count: isCrowded ? 1 : 0, firstAt: now, lastAt: now });
      return !isCrowded;
    }
    if (group.count === 0) group.firstAt = now;
    group.count += 1;
    group.lastAt = now;
    return false;
  }

  /** What was only counted until now, once its window is over, or at once. */
  take(now: number, isLast = false): RefusalSummary[] {
    if (!isLast && now < this.windowEndsAt) return [];
    const summaries = [...this.groups.values()].filter(({ count }) => count > 0);
    this.groups.clear();
    return summaries;
  }
}
