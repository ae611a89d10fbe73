import type { OutboundAnswer } from '../common/outbound/exchange.js';
import { readRetryAfter } from './backoff.js';

/** What became of a batch. `message` says what happened and what to do, and holds nothing that the far side wrote. */
export type Verdict =
  /** It is over there, but for those at these positions, which were refused for good. */
  | { readonly way: 'taken'; readonly refused: readonly number[]; readonly isHub: boolean }
  /** Not now. `isUnheard`: no answer came, so other monitors of that server need not try either. */
  | {
      readonly way: 'retry';
      readonly code: string;
      readonly message: string;
      readonly afterMs: number;
      readonly isUnheard: boolean;
    }
  /** Something in it was not taken: smaller batches find out what. */
  | { readonly way: 'split'; readonly code: string; readonly message: string }
  /** It will not be taken before somebody mends something. */
  | { readonly way: 'refused'; readonly code: string; readonly message: string };

/** Not now, but perhaps later. */
const RETRIED = new Set([408, 409, 425, 429]);
/** What was sent is the fault. */
const SPLIT = new Set([400, 413, 422]);

const ADVICE: Readonly<Record<number, string>> = {
  401: 'The endpoint does not know this key. Enter a valid one.',
  403: 'The endpoint does not allow this. Check the key and what it may do.',
  404: 'There is nothing at this address. Check its path: a hub takes reports at /api/monitoring/data.',
  405: 'This address takes no POST. Check its path: a hub takes reports at /api/monitoring/data.',
  408: 'The endpoint waited too long for the reports.',
  409: 'The endpoint does not take reports now: over there the monitor is stopped.',
  410: 'This address is there no more. Enter another one.',
  413: 'A report is larger than the endpoint takes.',
  415: 'The endpoint does not take JSON.',
  421: 'The endpoint does not answer to this host name. Check the address.',
  422: 'The endpoint does not take a report’s content.',
  429: 'The endpoint takes no more reports for a while.',
};

/** @param count reports in the batch */
export function judgeAnswer(answer: OutboundAnswer, count: number, now: number): Verdict {
  const { status } = answer;
  const shape = readHubAnswer(answer);
  if (status >= 200 && status < 300)
    return { way: 'taken', refused: shape?.rejected.filter((index) => index < count) ?? [], isHub: !!shape };
  if (status === 422 && shape && shape.rejected.length > 0)
    return { way: 'taken', refused: shape.rejected.filter((index) => index < count), isHub: true };
  const code = `http_${status}`;
  if (status >= 500 || RETRIED.has(status)) {
    const afterMs = readRetryAfter(answer.headers['retry-after'], now);
    const message = `${describeStatus(status)} They are sent again.`;
    return { way: 'retry', code, message, afterMs, isUnheard: false };
  }
  if (status === 403 && readJson(answer)?.['code'] === 'forwarding_loop') {
    return {
      way: 'refused',
      code: 'forwarding_loop',
      message:
        'The reports came back to a hub that they came from. Take the endpoint out of one of the monitors.',
    };
  }
  const message = describeStatus(status);
  return { way: SPLIT.has(status) ? 'split' : 'refused', code, message };
}

/** What a status other than 2xx says, and what to do. */
export function describeStatus(status: number): string {
  const known = ADVICE[status];
  if (known !== undefined) return known;
  if (status >= 500) return `The endpoint has a problem of its own (${status}).`;
  return `The endpoint refuses the reports (${status}). Check the address and the key.`;
}

interface HubAnswer {
  /** Positions in the batch. */
  readonly rejected: readonly number[];
}

/** What a hub says of a batch; undefined where it is not a hub that answers. */
function readHubAnswer(answer: OutboundAnswer): HubAnswer | undefined {
  const body = readJson(answer);
  if (typeof body?.['accepted'] !== 'number' || !Array.isArray(body['rejected'])) return undefined;
  const indexes = body['rejected'].map((item: unknown) =>
    typeof item === 'object' && item !== null && 'index' in item ? item.index : undefined,
  );
  return {
    rejected: [...new Set(indexes)].filter(
      (index): index is number => Number.isInteger(index) && (index as number) >= 0,
    ),
  };
}

/** Undefined: no whole object of JSON. */
export function readJson({ body, isCut }: OutboundAnswer): Record<string, unknown> | undefined {
  if (isCut || body.length === 0 || body[0] !== 0x7b) return undefined;
  try {
    return JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
