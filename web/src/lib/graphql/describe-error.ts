import { m } from '../paraglide/messages.js';
import { formatDuration } from '../format/time.ts';
import { HubError } from './hub-error.ts';

/** The sentence for a person; a code of ours is said in the page's words, the rest in the hub's. */
export function describeError(error: unknown): string {
  if (!(error instanceof HubError)) return m.error_unexpected();
  switch (error.code) {
    case 'unreachable':
      return m.error_unreachable();
    case 'too_many_requests':
      return m.error_too_many({ wait: formatDuration((error.retryAfterSeconds ?? 60) * 1000) });
    case 'version_conflict':
      return m.error_version_conflict();
    case 'internal':
      return m.error_internal();
    default:
      return error.message || m.error_unexpected();
  }
}

export function readRequestId(error: unknown): string | undefined {
  return error instanceof HubError ? error.requestId : undefined;
}
