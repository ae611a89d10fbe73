import type { UpdateMonitorInput } from '../graphql/generated/graphql.ts';

export type EndpointInput = Pick<UpdateMonitorInput, 'endpointUrl' | 'endpointApiKey'>;

interface KnownEndpoint {
  readonly endpointUrl: string | null;
  readonly hasEndpointApiKey: boolean;
}

interface TypedEndpoint {
  readonly url: string;
  readonly key: string;
  readonly isKeyRemoved: boolean;
}

/** What is to be sent of an endpoint: only what is another; undefined when nothing is. */
export function describeEndpointChange(
  known: KnownEndpoint,
  { url, key, isKeyRemoved }: TypedEndpoint,
): EndpointInput | undefined {
  const wishedUrl = url.trim() || null;
  const input: EndpointInput = {};
  if (wishedUrl !== known.endpointUrl) input.endpointUrl = wishedUrl;
  if (wishedUrl !== null && isKeyRemoved) input.endpointApiKey = null;
  else if (wishedUrl !== null && key.trim() !== '') input.endpointApiKey = key.trim();
  return Object.keys(input).length > 0 ? input : undefined;
}
