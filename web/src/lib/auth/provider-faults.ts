import { m } from '../paraglide/messages.js';

const TEXTS: Readonly<Record<string, (by: { provider: string }) => string>> = {
  unreachable: m.provider_unreachable,
  cancelled: m.provider_cancelled,
  expired: m.provider_expired,
  refused: m.provider_refused,
  unknown: m.provider_unknown,
  disabled: m.provider_disabled,
  email_unverified: m.provider_email_unverified,
  email_taken: m.provider_email_taken,
  taken: m.provider_taken,
  already_connected: m.provider_already_connected,
  signed_out: m.provider_signed_out,
  invitation: m.invitation_refused,
  too_many_requests: m.provider_too_many,
};

/** Why the provider could not be used, by the code in the address; of what is unknown only that it failed. */
export function describeProviderFault(code: string, provider: string): string {
  const text = Object.hasOwn(TEXTS, code) ? TEXTS[code]! : m.provider_failed;
  return text({ provider });
}
