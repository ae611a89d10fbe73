import { mutate, query } from '../../graphql/client.ts';
import {
  RemoveShareDocument,
  ShareMonitorDocument,
  ShareTagDocument,
  SharingDocument,
  type ShareAccess,
  type ShareFieldsFragment,
  type SharingQuery,
} from '../../graphql/generated/graphql.ts';
import { refuse } from '../../graphql/hub-error.ts';

export type Share = ShareFieldsFragment;
export type Person = SharingQuery['people'][number];

/** What is shared: this monitor, or all with a tag, one's own or those of every owner. */
export type ShareTarget =
  | { readonly kind: 'monitor'; readonly monitorId: string }
  | { readonly kind: 'tag'; readonly tag: string; readonly ofEveryOwner: boolean };

export const fetchSharing = (id: string) => query(SharingDocument, { id });

/** Shares, or changes the access where it is shared already. A user id of null means everybody. */
export async function share(target: ShareTarget, userId: string | null, access: ShareAccess): Promise<void> {
  const input = userId === null ? { everyone: true, access } : { userId, access };
  if (target.kind === 'monitor') {
    const { monitorId } = target;
    refuse((await mutate(ShareMonitorDocument, { monitorId, input })).shareMonitor.userErrors);
  } else {
    const { tag, ofEveryOwner } = target;
    refuse((await mutate(ShareTagDocument, { tag, ofEveryOwner, input })).shareTag.userErrors);
  }
}

export async function removeShare(id: string): Promise<void> {
  refuse((await mutate(RemoveShareDocument, { id })).removeShare.userErrors);
}
