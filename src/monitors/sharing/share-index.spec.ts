import type { MonitorShare } from './monitor-share.entity.js';
import { ShareIndex } from './share-index.js';

const monitor = { id: 'web-01', ownerId: 'kim', tags: ['prod', 'web'] };
const share = (fields: Partial<MonitorShare>): MonitorShare => ({
  id: 'share',
  monitorId: null,
  tag: null,
  ownerId: null,
  userId: null,
  access: 'view',
  createdAt: new Date(0),
  ...fields,
});
const relationOf = (userId: string, ...shares: MonitorShare[]) => {
  const index = new ShareIndex();
  index.replaceAll(shares);
  return index.relationOf(userId, monitor);
};

describe('the relation of a user to a monitor', () => {
  it('is that of the owner, whatever is shared with them', () => {
    expect(relationOf('kim')).toBe('owner');
    expect(relationOf('kim', share({ monitorId: 'web-01', userId: 'kim' }))).toBe('owner');
    expect(relationOf('lee')).toBe('none');
  });

  it.each<[string, Partial<MonitorShare>, string]>([
    ['this monitor with this user', { monitorId: 'web-01', userId: 'lee' }, 'view'],
    ['this monitor with this user, to edit', { monitorId: 'web-01', userId: 'lee', access: 'edit' }, 'edit'],
    ['this monitor with everybody', { monitorId: 'web-01' }, 'view'],
    ['another monitor', { monitorId: 'web-02', userId: 'lee' }, 'none'],
    ['this monitor with another user', { monitorId: 'web-01', userId: 'max' }, 'none'],
    ['a tag of its owner', { tag: 'prod', ownerId: 'kim', userId: 'lee' }, 'view'],
    ['a tag of every owner', { tag: 'web', userId: 'lee', access: 'edit' }, 'edit'],
    ['the same tag of another owner', { tag: 'prod', ownerId: 'max', userId: 'lee' }, 'none'],
    ['a tag that it does not have', { tag: 'test', userId: 'lee' }, 'none'],
  ])('comes of what is shared: %s', (_, fields, relation) => {
    expect(relationOf('lee', share(fields))).toBe(relation);
  });

  it('is the best of all that apply', () => {
    const shares = [
      share({ monitorId: 'web-01', userId: 'lee' }),
      share({ tag: 'prod', userId: 'lee', access: 'edit' }),
      share({ tag: 'web' }),
    ];
    expect(relationOf('lee', ...shares)).toBe('edit');
    expect(relationOf('lee', ...shares.toReversed())).toBe('edit');
  });
});
