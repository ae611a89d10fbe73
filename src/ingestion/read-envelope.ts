import { DomainError } from '../core/errors.js';
import { MAX_IGNORED_NAMED, MAX_REPORTS_PER_BATCH } from '../core/model/limits.js';
import { readText } from '../core/model/report-text.js';

/** What a request's body holds around its reports. */
export interface Envelope {
  /** One or many, none of them checked. */
  readonly reports: readonly unknown[];
  /** The sender says that it ends because it was told to. */
  readonly isGoodbye: boolean;
  /** Names that stand beside the list of a batch: of no report, named like everything that is ignored. */
  readonly unknownKeys: readonly string[];
}

const KNOWN_KEYS: ReadonlySet<string> = new Set(['reports', 'goodbye']);

/**
 * @param body what JSON.parse gave: one report, or `{reports: […]}`
 * @throws DomainError `invalid_input` where `reports` is no list, or too long a one
 */
export function readEnvelope(body: unknown): Envelope {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, 'reports'))
    return { reports: [body], isGoodbye: false, unknownKeys: [] };
  const { reports, goodbye } = body as Record<string, unknown>;
  if (!Array.isArray(reports)) {
    throw new DomainError('invalid_input', 'reports must be a list of reports.', '/reports');
  }
  if (reports.length > MAX_REPORTS_PER_BATCH) {
    throw new DomainError(
      'invalid_input',
      `A request carries at most ${MAX_REPORTS_PER_BATCH} reports. Send smaller batches.`,
      '/reports',
    );
  }
  const unknownKeys = Object.keys(body)
    .filter((key) => !KNOWN_KEYS.has(key) && 'text' in readText(key))
    .slice(0, MAX_IGNORED_NAMED);
  return { reports, isGoodbye: goodbye === true, unknownKeys };
}
