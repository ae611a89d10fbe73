import { mutate, query } from '../graphql/client.ts';
import {
  AgentInstallerDocument,
  CreateEnrolmentKeyDocument,
  CreateEnrolmentTokenDocument,
  EnrolmentKeysDocument,
  RevokeEnrolmentKeyDocument,
  type CreateEnrolmentKeyInput,
  type EnrolmentKeyFieldsFragment,
} from '../graphql/generated/graphql.ts';
import { refuse } from '../graphql/hub-error.ts';
import { hubUrl } from '../routes.ts';

/** A key by which many machines enrol, without its secret. */
export type EnrolmentKey = EnrolmentKeyFieldsFragment;

/** Where a machine finds the hub, and how it knows it. */
export async function fetchInstaller(): Promise<{ url: string; pin: string | null }> {
  const { url, pin } = (await query(AgentInstallerDocument, {})).agentInstaller;
  // Without its PUBLIC_URL the hub is where this page was found.
  return { url: url ?? hubUrl(), pin };
}

export async function createEnrolmentToken(monitorId: string) {
  const { createEnrolmentToken: payload } = await mutate(CreateEnrolmentTokenDocument, { monitorId });
  refuse(payload.userErrors);
  return { token: payload.token!, expiresAt: Date.parse(payload.expiresAt!) };
}

export const fetchEnrolmentKeys = async () => (await query(EnrolmentKeysDocument, {})).enrolmentKeys;

/** Returns the key itself, which the hub shows this once. */
export async function createEnrolmentKey(input: CreateEnrolmentKeyInput): Promise<string> {
  const { createEnrolmentKey: payload } = await mutate(CreateEnrolmentKeyDocument, { input });
  refuse(payload.userErrors);
  return payload.token!;
}

export async function revokeEnrolmentKey(id: string): Promise<void> {
  refuse((await mutate(RevokeEnrolmentKeyDocument, { id })).revokeEnrolmentKey.userErrors);
}
