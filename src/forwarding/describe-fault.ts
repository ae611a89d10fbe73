import type { OutboundError } from '../common/outbound/outbound-error.js';
import { parseTarget } from '../common/outbound/outbound-target.js';

/** Why a request got no answer, in words that do not say where it went: not everybody who sees the monitor may. */
export function describeFault(error: OutboundError, url: string): { code: string; message: string } {
  const message = `${error.message.replaceAll(parseTarget(url).place, 'the endpoint')}.`;
  return { code: error.code, message: message.charAt(0).toUpperCase() + message.slice(1) };
}
