import type { StoredReport } from '../core/model/stored-report.js';

/** Every event of the hub and what it carries. Read this list and you know what can happen. */
export interface EventMap {
  /** Reports of one monitor were committed; `reports` in time order, at least one; `isLatest`: the last of them is now the monitor's newest. */
  'report.stored': {
    monitorId: string;
    receivedAt: number;
    reports: readonly StoredReport[];
    isLatest: boolean;
  };
  /** A report that is shown and not stored, of a monitor that somebody looks at. */
  'report.live': { monitorId: string; report: StoredReport };
  /** Somebody began to look closely at a monitor, or the last one ended: `LiveAudience.isWatching` is another than before. */
  'audience.changed': { monitorId: string };
  /** Reports older than the newest one known arrived and were committed. */
  'report.backfilled': { monitorId: string; fromAt: number; toAt: number };
  /** So many reports came for instants of which another report is stored: the first is kept, these are lost. */
  'report.conflicted': { monitorId: string; count: number };
  'monitor.created': { monitorId: string };
  /** Any change of a monitor's row: settings, state. */
  'monitor.changed': { monitorId: string };
  'monitor.deleted': { monitorId: string };
  /** State, health, inventory or last error of a monitor is another than before. */
  'monitor.statusChanged': { monitorId: string };
  'apiKey.revoked': { apiKeyId: string; monitorId: string };
  /** A key was revoked, or other rules hold for it: what was known of it is void. */
  'apiKey.changed': { apiKeyId: string; monitorId: string };
  /** A session is over (logout, expiry, user disabled): its sockets must close. */
  'session.ended': { sessionId: string };
  /** Users, roles, sessions or shares are others than before, perhaps by another hub's doing: look again. */
  'access.changed': Record<string, never>;
  /** These users (or everybody but admins) have lost sight of a monitor: their open streams must end. */
  'access.lost': { userIds: readonly string[] | 'everyone' };
}

export type EventName = keyof EventMap;
