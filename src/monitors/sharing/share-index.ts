import type { Relation } from '../../auth/rights.js';
import type { Monitor } from '../monitor.entity.js';
import type { MonitorShare } from './monitor-share.entity.js';

/** What of a monitor decides who stands in which relation to it. */
export type Shareable = Readonly<Pick<Monitor, 'id' | 'ownerId'>> & { readonly tags: readonly string[] };

/** All shares in memory: whose a monitor is costs no query, not for ten thousand monitors and with every live event either. */
export class ShareIndex {
  private byMonitor = new Map<string, MonitorShare[]>();
  private byTag = new Map<string, MonitorShare[]>();

  replaceAll(shares: readonly MonitorShare[]): void {
    const [ofMonitors, ofTags] = [new Map<string, MonitorShare[]>(), new Map<string, MonitorShare[]>()];
    for (const share of shares) {
      if (share.monitorId !== null) append(ofMonitors, share.monitorId, share);
      else append(ofTags, share.tag!, share);
    }
    this.byMonitor = ofMonitors;
    this.byTag = ofTags;
  }

  all(): MonitorShare[] {
    return [...this.byMonitor.values(), ...this.byTag.values()].flat();
  }

  relationOf(userId: string, monitor: Shareable): Relation {
    if (monitor.ownerId === userId) return 'owner';
    let best: Relation = 'none';
    for (const share of this.sharesOf(monitor)) {
      if (share.userId !== null && share.userId !== userId) continue;
      if (share.access === 'edit') return 'edit';
      best = 'view';
    }
    return best;
  }

  /** The shares that give access to this monitor: its own first, then those by its tags. */
  sharesOf(monitor: Shareable): MonitorShare[] {
    const own = this.byMonitor.get(monitor.id);
    if (this.byTag.size === 0) return own ?? [];
    return [...(own ?? []), ...this.sharesOfTags(monitor.ownerId, monitor.tags)];
  }

  /** The shares that a monitor of this owner gets by these tags. */
  sharesOfTags(ownerId: string | null, tags: readonly string[]): MonitorShare[] {
    return tags.flatMap((tag) =>
      (this.byTag.get(tag) ?? []).filter((share) => share.ownerId === null || share.ownerId === ownerId),
    );
  }
}

function append(shares: Map<string, MonitorShare[]>, key: string, share: MonitorShare): void {
  const known = shares.get(key);
  if (known) known.push(share);
  else shares.set(key, [share]);
}
