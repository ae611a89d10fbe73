import { graphqlPath } from '../routes.ts';
import type { TypedDocumentString } from './generated/graphql.ts';
import { HubError, readProblem } from './hub-error.ts';
import { noteHubTime } from './hub-clock.ts';

type SessionLossListener = (code: string) => void;
let onSessionLoss: SessionLossListener = () => {};

/** The auth feature says what happens when the hub no longer knows this browser. */
export function setSessionLossListener(listener: SessionLossListener): void {
  onSessionLoss = listener;
}

interface GraphqlAnswer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions?: { readonly code?: string; readonly requestId?: string };
  }[];
}

/** Asks the hub once; nothing is cached, live values come by subscription. Throws a HubError. */
export async function request<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  try {
    return await post(document, variables);
  } catch (error) {
    if (error instanceof HubError && error.isSignedOut) onSessionLoss(error.code);
    throw error;
  }
}

async function post<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  let response: Response;
  try {
    response = await fetch(graphqlPath(), {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify({ query: document.toString(), variables }),
    });
  } catch {
    throw new HubError('', { code: 'unreachable' });
  }
  noteHubTime(response);
  const type = response.headers.get('Content-Type') ?? '';
  if (!type.includes('json') || type.includes('problem+json')) throw await readProblem(response);
  const { data, errors } = (await response.json()) as GraphqlAnswer<Data>;
  const first = errors?.[0];
  if (first) {
    const { code = 'internal', requestId } = first.extensions ?? {};
    throw new HubError(first.message, { code, requestId });
  }
  return data as Data;
}
