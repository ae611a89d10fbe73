import { mutate, query } from '../graphql/client.ts';
import {
  DeleteUserDocument,
  DisableUserDocument,
  EnableUserDocument,
  InviteUserDocument,
  RenewInvitationDocument,
  ResetTwoFactorDocument,
  RevokeInvitationDocument,
  UpdateUserDocument,
  UsersDocument,
  type InvitationFieldsFragment,
  type UpdateUserInput,
  type UserFieldsFragment,
  type UserRole,
} from '../graphql/generated/graphql.ts';
import { refuse } from '../graphql/hub-error.ts';
import { absoluteLink } from '../routes.ts';

export type User = UserFieldsFragment;
export type Invitation = InvitationFieldsFragment;

export const fetchUsers = () => query(UsersDocument, {});

/** Returns the link, which is shown this once. */
export async function inviteUser(email: string, role: UserRole): Promise<string> {
  const { inviteUser: payload } = await mutate(InviteUserDocument, { input: { email, role } });
  refuse(payload.userErrors);
  return absoluteLink(payload.link!);
}

/** Returns the new link; the older one is void. */
export async function renewInvitation(id: string): Promise<string> {
  const { renewInvitation: payload } = await mutate(RenewInvitationDocument, { id });
  refuse(payload.userErrors);
  return absoluteLink(payload.link!);
}

export async function revokeInvitation(id: string): Promise<void> {
  refuse((await mutate(RevokeInvitationDocument, { id })).revokeInvitation.userErrors);
}

export async function updateUser(id: string, input: UpdateUserInput): Promise<void> {
  refuse((await mutate(UpdateUserDocument, { id, input })).updateUser.userErrors);
}

export async function disableUser(id: string): Promise<void> {
  refuse((await mutate(DisableUserDocument, { id })).disableUser.userErrors);
}

export async function enableUser(id: string): Promise<void> {
  refuse((await mutate(EnableUserDocument, { id })).enableUser.userErrors);
}

export async function deleteUser(id: string): Promise<void> {
  refuse((await mutate(DeleteUserDocument, { id })).deleteUser.userErrors);
}

export async function resetTwoFactor(id: string): Promise<void> {
  refuse((await mutate(ResetTwoFactorDocument, { id })).resetTwoFactor.userErrors);
}
