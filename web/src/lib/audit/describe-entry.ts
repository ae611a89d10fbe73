import type { AuditEntryFieldsFragment } from '../graphql/generated/graphql.ts';
import { m } from '../paraglide/messages.js';

export type AuditEntry = AuditEntryFieldsFragment;

const SENTENCES: Readonly<Record<string, () => string>> = {
  'session.started': m.audit_signed_in,
  'session.ended': m.audit_signed_out,
  'session.refused': m.audit_sign_in_refused,
  'user.twoFactorEnabled': m.audit_two_factor_on,
  'user.twoFactorDisabled': m.audit_two_factor_off,
  'user.twoFactorReset': m.audit_two_factor_reset,
  'user.recoveryCodesRenewed': m.audit_recovery_codes,
  'user.providerConnected': m.audit_provider_connected,
  'user.providerDisconnected': m.audit_provider_disconnected,
  'monitor.endpointTested': m.audit_endpoint_tested,
  'apiKey.created': m.audit_key_created,
  'apiKey.changed': m.audit_key_changed,
  'apiKey.rotated': m.audit_key_rotated,
  'apiKey.revoked': m.audit_key_revoked,
  'apiKey.refused': m.audit_key_refused,
  'enrolmentKey.created': m.audit_enrolment_created,
  'enrolmentKey.revoked': m.audit_enrolment_revoked,
  'enrolmentKey.used': m.audit_enrolment_used,
  'enrolmentKey.refused': m.audit_enrolment_refused,
  'accessToken.created': m.audit_token_created,
  'accessToken.revoked': m.audit_token_revoked,
  'accessToken.refused': m.audit_token_refused,
  'auditLog.exported': m.audit_exported,
};

/** `user.passwordChanged` → User: password changed. The hub may know actions that this page does not. */
export function describeAction(action: string): string {
  const known = SENTENCES[action];
  if (known) return known();
  const [thing = '', verb = ''] = action.split('.');
  return `${capitalize(toWords(thing))} ${toWords(verb)}`;
}

/** Whether somebody was turned away. */
export const isRefusal = ({ action }: AuditEntry): boolean => action.endsWith('.refused');

export function describeActor({ actorKind, actorEmail }: AuditEntry): string {
  if (actorKind === 'HUB') return m.audit_by_hub();
  if (actorKind === 'STRANGER') return m.audit_by_stranger();
  if (actorKind === 'KEY') return m.audit_by_key();
  return actorEmail ?? '';
}

export interface ChangedField {
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What changed, field by field, as text. */
export function listChanges({ before, after }: AuditEntry): ChangedField[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].map((name) => ({
    name: toWords(name),
    before: show(before?.[name]),
    after: show(after?.[name]),
  }));
}

function show(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.map((item) => show(item) ?? '–').join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function toWords(name: string): string {
  return name.replace(
    /([a-z])([A-Z])/g,
    (_, last: string, first: string) => `${last} ${first.toLowerCase()}`,
  );
}

function capitalize(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
