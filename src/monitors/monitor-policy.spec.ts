import type { Role, UserPrincipal } from '../common/principal.js';
import { canChange, canCreate, canView } from './monitor-policy.js';

const user = (role: Role): UserPrincipal => ({ userId: 'me', email: 'me@example.org', role, sessionId: 's' });
const mine = { ownerId: 'me' };
const another = { ownerId: 'you' };
const nobodys = { ownerId: null };

describe('who may do what with a monitor', () => {
  it.each<[Role, boolean, boolean, boolean, boolean, boolean, boolean]>([
    // role, view: mine, other’s · change: mine, other’s · create: agent, local
    ['admin', true, true, true, true, true, true],
    ['editor', true, false, true, false, true, false],
    ['viewer', true, false, false, false, false, false],
  ])('%s', (role, viewMine, viewOther, changeMine, changeOther, createAgent, createLocal) => {
    expect(canView(user(role), mine)).toBe(viewMine);
    expect(canView(user(role), another)).toBe(viewOther);
    expect(canView(user(role), nobodys)).toBe(viewOther);
    expect(canChange(user(role), mine)).toBe(changeMine);
    expect(canChange(user(role), another)).toBe(changeOther);
    expect(canChange(user(role), nobodys)).toBe(changeOther);
    expect(canCreate(user(role), 'agent')).toBe(createAgent);
    expect(canCreate(user(role), 'local')).toBe(createLocal);
  });
});
