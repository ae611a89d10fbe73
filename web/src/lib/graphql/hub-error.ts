export interface HubErrorDetails {
  readonly code: string;
  readonly requestId?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
  /** Messages by the field they belong to, from `errors[].path` or `userErrors[].path`. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
}

/** The hub refused, or could not be reached (`unreachable`). The message is fit to be shown. */
export class HubError extends Error {
  readonly code: string;
  readonly requestId: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly fields: Readonly<Record<string, string>>;

  constructor(message: string, details: HubErrorDetails) {
    super(message);
    this.name = 'HubError';
    this.code = details.code;
    this.requestId = details.requestId;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.fields = details.fields ?? {};
  }

  /** The hub does not know who asks: sign in, or set up first. */
  get isSignedOut(): boolean {
    return /^(unauthenticated|setup_required|http_401)$/i.test(this.code);
  }
}

interface FieldProblem {
  readonly path?: string | null;
  readonly message: string;
}

/** `/cpu/usagePercent`, `input.name` and `name` all name the field by their last part. */
export function collectFieldMessages(problems: readonly FieldProblem[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const { path, message } of problems) {
    const field = path
      ?.split(/[./]/)
      .filter((part) => part && !/^\d+$/.test(part))
      .at(-1);
    if (field && !(field in fields)) fields[field] = message;
  }
  return fields;
}

/** An expected refusal of a mutation comes as a value; for a form it is a failure like any other. */
export function refuse(userErrors: readonly (FieldProblem & { readonly code: string })[]): void {
  const first = userErrors[0];
  if (first)
    throw new HubError(first.message, { code: first.code, fields: collectFieldMessages(userErrors) });
}

/** Reads an RFC 9457 problem; anything else becomes an error with the status as its code. */
export async function readProblem(response: Response): Promise<HubError> {
  const retryAfter = Number(response.headers.get('Retry-After'));
  let body: Record<string, unknown> = {};
  try {
    body = (await response.json()) as Record<string, unknown>;
  } catch {
    // A proxy in between may answer in HTML; the status is then all there is.
  }
  const text = (name: string) => (typeof body[name] === 'string' ? (body[name] as string) : undefined);
  const problems = Array.isArray(body['errors']) ? (body['errors'] as FieldProblem[]) : [];
  return new HubError(text('detail') ?? text('title') ?? `HTTP ${response.status}`, {
    code: text('code') ?? `http_${response.status}`,
    requestId: text('requestId'),
    retryAfterSeconds: retryAfter > 0 ? retryAfter : undefined,
    fields: collectFieldMessages(problems),
  });
}
