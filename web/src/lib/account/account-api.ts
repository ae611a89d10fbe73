import { mutate, query } from '../graphql/client.ts';
import {
  ChangeEmailDocument,
  ChangePasswordDocument,
  DisconnectProviderDocument,
  EndOtherSessionsDocument,
  EndSessionDocument,
  SessionsDocument,
  UpdateProfileDocument,
  type ChangePasswordMutationVariables,
  type SessionsQuery,
} from '../graphql/generated/graphql.ts';
import { refuse } from '../graphql/hub-error.ts';

export type Session = SessionsQuery['sessions'][number];

export async function updateProfile(name: string | null): Promise<void> {
  refuse((await mutate(UpdateProfileDocument, { input: { name } })).updateProfile.userErrors);
}

export async function changeEmail(email: string, currentPassword: string): Promise<void> {
  refuse((await mutate(ChangeEmailDocument, { input: { email, currentPassword } })).changeEmail.userErrors);
}

export async function changePassword(
  input: Required<ChangePasswordMutationVariables['input']>,
): Promise<void> {
  const { changePassword: payload } = await mutate(ChangePasswordDocument, { input });
  refuse(payload.userErrors);
}

export const fetchSessions = async (): Promise<readonly Session[]> =>
  (await query(SessionsDocument, {})).sessions;

export async function endSession(id: string): Promise<void> {
  refuse((await mutate(EndSessionDocument, { id })).endSession.userErrors);
}

export async function endOtherSessions(): Promise<void> {
  refuse((await mutate(EndOtherSessionsDocument, {})).endOtherSessions.userErrors);
}

export async function disconnectProvider(id: string, currentPassword: string): Promise<void> {
  const { disconnectProvider: payload } = await mutate(DisconnectProviderDocument, {
    id,
    input: { currentPassword },
  });
  refuse(payload.userErrors);
}
