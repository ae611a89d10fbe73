import { mutate, query } from '../graphql/client.ts';
import {
  AccessTokensDocument,
  CreateAccessTokenDocument,
  RevokeAccessTokenDocument,
  type AccessTokenFieldsFragment,
  type CreateAccessTokenInput,
} from '../graphql/generated/graphql.ts';
import { refuse } from '../graphql/hub-error.ts';

export type AccessToken = AccessTokenFieldsFragment;

export const fetchAccessTokens = async () => (await query(AccessTokensDocument, {})).accessTokens;

export async function createAccessToken(input: CreateAccessTokenInput) {
  const { createAccessToken: payload } = await mutate(CreateAccessTokenDocument, { input });
  refuse(payload.userErrors);
  return payload.token!;
}

export async function revokeAccessToken(id: string) {
  refuse((await mutate(RevokeAccessTokenDocument, { id })).revokeAccessToken.userErrors);
}
