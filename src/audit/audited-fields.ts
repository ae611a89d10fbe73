/**
 * What the audit log may hold of each kind of thing: only these fields of `before` and `after` get in, so that a
 * secret cannot slip in with an object. Whoever audits something new adds its row.
 */
export const AUDITED_FIELDS = {
  monitor: [
    'name',
    'description',
    'tags',
    'kind',
    'ownerId',
    'intervalSeconds',
    'resources',
    'retention',
    'endpointUrl',
    'endpointApiKey',
    'state',
  ],
  apiKey: ['name', 'prefix', 'monitorId', 'expiresAt', 'allowedAddresses', 'replacedBy'],
  enrolmentKey: ['name', 'kind', 'prefix', 'monitorId', 'tags', 'quota', 'expiresAt'],
  accessToken: ['name', 'prefix', 'scope', 'expiresAt'],
  session: ['userAgent', 'method'],
  user: [
    'email',
    'name',
    'role',
    'isDisabled',
    'hasTwoFactor',
    'invitedBy',
    'handedOver',
    'issuer',
    'subject',
  ],
  invitation: ['email', 'role', 'expiresAt'],
  share: ['monitorId', 'tag', 'ownerId', 'userId', 'access'],
  setting: ['value'],
  auditLog: ['from', 'to', 'action', 'actor', 'targetType', 'targetId'],
} as const satisfies Record<string, readonly string[]>;

export type AuditTargetType = keyof typeof AUDITED_FIELDS;

/** A long text is cut: the log says what changed, it is no archive of values. */
const MAX_TEXT_LENGTH = 500;
const MAX_LIST_LENGTH = 100;

type Shown = string | number | boolean | null | readonly Shown[] | { readonly [key: string]: Shown };

export interface AuditedChange {
  readonly before: Record<string, Shown> | null;
  readonly after: Record<string, Shown> | null;
}

/** Keeps of two states what may be kept and, where there are two, what differs. Null where nothing is left to say. */
export function selectAuditedFields(
  targetType: AuditTargetType,
  before: object | null | undefined,
  after: object | null | undefined,
): AuditedChange {
  const from = pick(targetType, before);
  const to = pick(targetType, after);
  if (from && to) {
    for (const field of AUDITED_FIELDS[targetType]) {
      if (JSON.stringify(from[field]) !== JSON.stringify(to[field])) continue;
      delete from[field];
      delete to[field];
    }
  }
  return { before: dropEmpty(from), after: dropEmpty(to) };
}

function pick(targetType: AuditTargetType, state: object | null | undefined): Record<string, Shown> | null {
  if (!state) return null;
  const picked: Record<string, Shown> = {};
  for (const field of AUDITED_FIELDS[targetType]) {
    const value = (state as Record<string, unknown>)[field];
    if (value !== undefined) picked[field] = show(value, 0);
  }
  return picked;
}

function dropEmpty(fields: Record<string, Shown> | null): Record<string, Shown> | null {
  return fields && Object.keys(fields).length > 0 ? fields : null;
}

function show(value: unknown, depth: number): Shown {
  if (typeof value === 'string') return toStorableText(value);
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof Date) return value.toISOString();
  if (depth >= 3 || typeof value !== 'object') return toStorableText(String(value));
  if (Array.isArray(value)) return value.slice(0, MAX_LIST_LENGTH).map((item) => show(item, depth + 1));
  const entries = Object.entries(value).slice(0, MAX_LIST_LENGTH);
  return Object.fromEntries(entries.map(([key, item]) => [toStorableText(key), show(item, depth + 1)]));
}

/** As Postgres takes it: no NUL, no half of a surrogate pair, and not without end. */
export function toStorableText(text: string): string {
  const cut = text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;
  return cut.toWellFormed().replaceAll('\0', '\ufffd');
}
