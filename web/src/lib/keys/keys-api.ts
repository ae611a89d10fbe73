import { mutate, query } from '../graphql/client.ts';
import {
  CreateApiKeyDocument,
  MonitorApiKeysDocument,
  RevokeApiKeyDocument,
  RotateApiKeyDocument,
  UpdateApiKeyDocument,
  type ApiKeyFieldsFragment,
  type UpdateApiKeyInput,
} from '../graphql/generated/graphql.ts';
import { refuse } from '../graphql/hub-error.ts';

export type ApiKey = ApiKeyFieldsFragment;

export async function fetchApiKeys(monitorId: string) {
  return (await query(MonitorApiKeysDocument, { id: monitorId })).monitor?.apiKeys ?? [];
}

export async function createApiKey(monitorId: string, input: UpdateApiKeyInput) {
  const { createApiKey: payload } = await mutate(CreateApiKeyDocument, { monitorId, input });
  refuse(payload.userErrors);
  return payload.apiKey!;
}

export async function updateApiKey(id: string, input: UpdateApiKeyInput) {
  const { updateApiKey: payload } = await mutate(UpdateApiKeyDocument, { id, input });
  refuse(payload.userErrors);
  return payload.key!;
}

export async function rotateApiKey(id: string, overlapHours: number) {
  const { rotateApiKey: payload } = await mutate(RotateApiKeyDocument, { id, input: { overlapHours } });
  refuse(payload.userErrors);
  return payload.apiKey!;
}

export async function revokeApiKey(id: string) {
  refuse((await mutate(RevokeApiKeyDocument, { id })).revokeApiKey.userErrors);
}
