import { Client, fetchExchange } from '@urql/core';
import type { AnyVariables, CombinedError, TypedDocumentNode } from '@urql/core';
import type { DocumentNode } from 'graphql';
import { graphqlPath } from '../routes.ts';
import { HubError, readProblem } from './hub-error.ts';
import { noteHubTime } from './hub-clock.ts';

type SessionLossListener = (code: string) => void;
let onSessionLoss: SessionLossListener = () => {};

/** The auth feature says what happens when the hub no longer knows this browser. */
export function setSessionLossListener(listener: SessionLossListener): void {
  onSessionLoss = listener;
}

async function fetchFromHub(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(input, { ...init, credentials: 'same-origin' });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new HubError('', { code: 'unreachable' });
  }
  noteHubTime(response);
  const isProblem = response.headers.get('Content-Type')?.includes('application/problem+json');
  if (isProblem || (response.status >= 500 && !isGraphqlAnswer(response))) throw await readProblem(response);
  return response;
}

function isGraphqlAnswer(response: Response): boolean {
  return /json/.test(response.headers.get('Content-Type') ?? '');
}

let client: Client | undefined;

function getClient(): Client {
  client ??= new Client({
    url: graphqlPath(),
    exchanges: [fetchExchange],
    fetch: fetchFromHub,
    preferGetMethod: false,
    fetchOptions: { headers: { 'apollo-require-preflight': '1' } },
  });
  return client;
}

function toHubError(error: CombinedError): HubError {
  if (error.networkError instanceof HubError) return error.networkError;
  const first = error.graphQLErrors[0];
  if (!first) return new HubError(error.message, { code: 'unreachable' });
  const { code, requestId } = first.extensions as { code?: string; requestId?: string };
  return new HubError(first.message, { code: code ?? 'internal', requestId });
}

/** Asks the hub once; nothing is cached. Throws a HubError. */
export async function request<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const result = await (
    isMutation(document) ? getClient().mutation(document, variables) : getClient().query(document, variables)
  ).toPromise();
  if (result.error) {
    const error = toHubError(result.error);
    if (error.isSignedOut) onSessionLoss(error.code);
    throw error;
  }
  return result.data as Data;
}

function isMutation(document: DocumentNode): boolean {
  const definition = document.definitions[0];
  return definition?.kind === 'OperationDefinition' && definition.operation === 'mutation';
}
