/**
 * The few errors of the domain. Each has a stable `code` that a user's script may rely on;
 * one filter (`common/`) maps a code to an HTTP status and to GraphQL's `extensions.code`.
 */
export class DomainError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    /** Where in the input the fault lies: a field path or a JSON pointer. */
    readonly path?: string,
    /** Seconds after which a retry makes sense; becomes `Retry-After`. */
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
    this.name = 'DomainError';
  }
}

/** HTTP status of each code: the one table that REST, GraphQL and the docs share. */
export const ERROR_STATUS = {
  malformed_json: 400,
  too_deep: 400,
  forbidden_key: 400,
  bad_encoding: 400,
  invalid_input: 400,
  unknown_field: 400,
  not_available_yet: 400,
  unauthenticated: 401,
  setup_required: 401,
  forbidden: 403,
  forwarding_loop: 403,
  not_found: 404,
  method_not_allowed: 405,
  timeout: 408,
  conflict: 409,
  monitor_stopped: 409,
  version_conflict: 412,
  body_too_large: 413,
  unsupported_media_type: 415,
  misdirected_host: 421,
  nothing_accepted: 422,
  too_many_requests: 429,
  internal: 500,
  overloaded: 503,
  storage_unavailable: 503,
  storage_full: 503,
  not_ready: 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** Stored bytes that cannot be read back: names exactly which, so that an operator can find them. */
export class CorruptBlockError extends Error {
  constructor(
    readonly monitorId: string,
    readonly tier: number,
    readonly start: number,
    readonly offset: number,
    reason: string,
  ) {
    super(`block ${monitorId}/tier ${tier}/start ${start} is corrupt at byte ${offset}: ${reason}`);
    this.name = 'CorruptBlockError';
  }
}
