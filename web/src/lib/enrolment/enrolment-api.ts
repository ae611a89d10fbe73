import { mutate, query } from '../graphql/client.ts';
import { AgentInstallerDocument, CreateEnrolmentTokenDocument } from '../graphql/generated/graphql.ts';
import { refuse } from '../graphql/hub-error.ts';
import { hubUrl } from '../routes.ts';

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
