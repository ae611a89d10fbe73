import type { Role } from '../common/principal.js';

/**
 * Who may do what: the one table that every door asks, and that the tests read.
 *
 * A user's **role** says what they may do on this hub; what they may do with a monitor hangs on the role and on the
 * **relation** between the two: its owner, shared with them for changing (`edit`) or for looking (`view`), or `none`.
 */
export const ROLES = ['admin', 'editor', 'viewer'] as const satisfies readonly Role[];

export const RELATIONS = ['owner', 'edit', 'view', 'none'] as const;
export type Relation = (typeof RELATIONS)[number];

/** Rights on the hub as a whole, by the roles that have them. */
const HUB_RIGHTS = {
  /** Add a monitor of another machine; it is then theirs. */
  createMonitor: ['admin', 'editor'],
  /** Add a monitor of the hub's own machine. */
  watchHub: ['admin'],
  /** Channels of notifications, which carry other people's addresses and secrets. */
  manageChannels: ['admin', 'editor'],
  /** The names and addresses of the other users: whoever shares needs them. */
  seePeople: ['admin', 'editor'],
  /** Invite, change, disable and delete users. */
  manageUsers: ['admin'],
  readAudit: ['admin'],
  /** Settings of the hub that concern everybody. */
  manageHub: ['admin'],
} as const satisfies Record<string, readonly Role[]>;
export type HubRight = keyof typeof HUB_RIGHTS;

const EVERY = RELATIONS;
const SHARED = ['owner', 'edit', 'view'] as const;
const CHANGERS = ['owner', 'edit'] as const;
const OWNER = ['owner'] as const;
const NOBODY = [] as const;

/** Rights on one monitor: by role, the relations that give them. */
const MONITOR_RIGHTS = {
  /** It is there, with its samples, live and old. Without this right the monitor is as if it did not exist. */
  view: { admin: EVERY, editor: SHARED, viewer: SHARED },
  /** Settings and thresholds, start and stop. */
  change: { admin: EVERY, editor: CHANGERS, viewer: NOBODY },
  /** Alert rules of this monitor, and its silences. */
  manageRules: { admin: EVERY, editor: CHANGERS, viewer: NOBODY },
  /** Its report keys: that there are any, make, revoke. */
  manageKeys: { admin: EVERY, editor: CHANGERS, viewer: NOBODY },
  /** Where its reports are forwarded to: the address may hold a secret. */
  seeEndpoint: { admin: EVERY, editor: CHANGERS, viewer: NOBODY },
  /** Give others access to it, and take that away. */
  share: { admin: EVERY, editor: OWNER, viewer: NOBODY },
  delete: { admin: EVERY, editor: OWNER, viewer: NOBODY },
} as const satisfies Record<string, Record<Role, readonly Relation[]>>;
export type MonitorRight = keyof typeof MONITOR_RIGHTS;

export const ALL_HUB_RIGHTS = Object.keys(HUB_RIGHTS) as HubRight[];
export const ALL_MONITOR_RIGHTS = Object.keys(MONITOR_RIGHTS) as MonitorRight[];

export function mayOnHub(role: Role, right: HubRight): boolean {
  return (HUB_RIGHTS[right] as readonly Role[]).includes(role);
}

export function mayOnMonitor(role: Role, right: MonitorRight, relation: Relation): boolean {
  return (MONITOR_RIGHTS[right][role] as readonly Relation[]).includes(relation);
}
