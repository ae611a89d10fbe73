import { Client, createRequest, fetchExchange, subscriptionExchange } from '@urql/svelte';
import type { AnyVariables, CombinedError, OperationResultSource, OperationResult } from '@urql/svelte';
import { liveConnection } from '../live/live-connection.svelte.ts';
import { graphqlPath } from '../routes.ts';
import type { TypedDocumentString } from './generated/graphql.ts';
import { HubError, type HubErrorDetails, readProblem } from './hub-error.ts';
import { noteHubTime } from './hub-clock.ts';
import { askPatiently } from './patience.ts';

type SessionLossListener = (code: string) => void;
let onSessionLoss: SessionLossListener = () => {};

/** The auth feature says what happens when the hub no longer knows this browser. */
export function setSessionLossListener(listener: SessionLossListener): void {
  onSessionLoss = listener;
}

async function fetchFromHub(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init).catch(() => {
    throw new HubError('', { code: 'unreachable' });
  });
  noteHubTime(response);
  const type = response.headers.get('Content-Type') ?? '';
  if (!type.includes('json') || type.includes('problem+json')) throw await readProblem(response);
  return response;
}

/** Nothing is cached: whoever shows values asks anew, and live ones come by subscription. */
export const client = new Client({
  url: graphqlPath(),
  preferGetMethod: false,
  fetchOptions: { headers: { Accept: 'application/json' } },
  fetch: fetchFromHub,
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: ({ next }) => ({
          unsubscribe: liveConnection.subscribe({ query, variables }, (data) => next({ data })),
        }),
      }),
    }),
  ],
});

let questions = 0;

/** Asks the hub once. Throws a HubError. */
export function query<Data, Variables extends AnyVariables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const request = createRequest<Data, Variables>(document.toString(), variables);
  // A key of its own: by the usual one the question would join an equal one that is on its way, and get
  // an answer that may be older than the reason to ask again, such as a subscription that now stands.
  return askPatiently(() => readData(client.executeQuery({ ...request, key: ++questions })));
}

/** Changes something once. Throws a HubError. */
export function mutate<Data, Variables extends AnyVariables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  return readData(client.mutation<Data, Variables>(document.toString(), variables));
}

/** Live values until the returned stop is called, over lost connections too. */
export function subscribe<Data, Variables extends AnyVariables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
  onData: (data: Data) => void,
): () => void {
  return client.subscription<Data, Variables>(document.toString(), variables).subscribe(({ data }) => {
    if (data) onData(data);
  }).unsubscribe;
}

async function readData<Data, Variables extends AnyVariables>(
  source: OperationResultSource<OperationResult<Data, Variables>>,
): Promise<Data> {
  const { data, error } = await source;
  if (!error) return data as Data;
  const failure = readFailure(error);
  if (failure instanceof HubError && failure.isSignedOut) onSessionLoss(failure.code);
  throw failure;
}

function readFailure({ networkError, graphQLErrors: [first] }: CombinedError): Error | undefined {
  if (!first) return networkError;
  const { code = 'internal', requestId, retryAfterSeconds } = first.extensions as Partial<HubErrorDetails>;
  return new HubError(first.message, { code, requestId, retryAfterSeconds });
}
