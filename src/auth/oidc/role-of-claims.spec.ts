import { readRoleMap } from '../../config/oidc-roles.js';
import { readRoleOfClaims } from './role-of-claims.js';

const roles = { claim: 'groups', map: readRoleMap('ops=admin, dev=editor, a=b=viewer')! };

describe('the role of a provider’s claims', () => {
  it.each([
    [{ groups: ['dev'] }, 'editor'],
    [{ groups: ['staff', 'dev', 'ops'] }, 'admin'],
    [{ groups: 'ops' }, 'admin'],
    [{ groups: ['a=b'] }, 'viewer'],
    [{ groups: ['OPS', ' ops', 'admin'] }, 'viewer'],
    [{ groups: { ops: true } }, 'viewer'],
    [{ groups: [['ops'], 1, null] }, 'viewer'],
    [{ groups: null }, 'viewer'],
    [{}, 'viewer'],
  ])('%j is %s', (claims, role) => expect(readRoleOfClaims({ roles }, claims)).toBe(role));

  it('is not asked for where none is configured', () => {
    expect(readRoleOfClaims({}, { groups: ['ops'] })).toBeUndefined();
  });

  it('comes from a map that can be read', () => {
    for (const odd of ['', 'ops', '=admin', 'ops=', 'ops=root', 'ops=admin,', 'ops=admin,ops=viewer']) {
      expect(readRoleMap(odd)).toBeUndefined();
    }
  });
});
