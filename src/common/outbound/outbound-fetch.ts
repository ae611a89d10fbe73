import type { Outbound, OutboundMethod } from './outbound.js';

/** What a library may ask of its `fetch`. */
export interface OutboundFetchOptions {
  readonly method?: string;
  readonly headers?: ConstructorParameters<typeof Headers>[0];
  readonly body?: unknown;
  readonly signal?: AbortSignal | null;
}

/**
 * `fetch` in the shape that libraries ask for, by way of the guarded requests: for a library that takes a fetch of
 * one's own. Redirects are errors, answers over 1 MiB too. @throws OutboundError
 */
export function createOutboundFetch(
  outbound: Outbound,
): (url: string | URL, options?: OutboundFetchOptions) => Promise<Response> {
  return async (url, options = {}) => {
    const headers = Object.fromEntries(new Headers(options.headers));
    const answer = await outbound.request({
      url,
      method: (options.method?.toUpperCase() ?? 'GET') as OutboundMethod,
      headers: describeBody(options.body, headers),
      body: options.body === undefined || options.body === null ? undefined : packBody(options.body),
      maxAnswerBytes: 1024 * 1024,
      signal: options.signal ?? undefined,
    });
    const hasBody = answer.status !== 204 && answer.status !== 205 && options.method !== 'HEAD';
    return new Response(hasBody ? new Uint8Array(answer.body) : null, {
      status: answer.status,
      headers: answer.headers,
    });
  };
}

function packBody(body: unknown): string | Uint8Array {
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw new TypeError('only text, bytes and form fields can be sent');
}

function describeBody(body: unknown, headers: Record<string, string>): Record<string, string> {
  if (!(body instanceof URLSearchParams) || headers['content-type'] !== undefined) return headers;
  return { ...headers, 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' };
}
