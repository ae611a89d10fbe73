import {
  ALL_HUB_RIGHTS,
  ALL_MONITOR_RIGHTS,
  mayOnHub,
  mayOnMonitor,
  RELATIONS,
  ROLES,
  type HubRight,
  type MonitorRight,
} from './rights.js';

describe('the table of rights', () => {
  // Written out a second time on purpose: whoever opens a door has to say so twice.
  it.each<[HubRight, boolean, boolean, boolean]>([
    // right, admin, editor, viewer
    ['createMonitor', true, true, false],
    ['watchHub', true, false, false],
    ['manageChannels', true, true, false],
    ['seePeople', true, true, false],
    ['manageUsers', true, false, false],
    ['readAudit', true, false, false],
    ['manageHub', true, false, false],
  ])('on the hub: %s', (right, ...expected) => {
    expect(ROLES.map((role) => mayOnHub(role, right))).toEqual(expected);
  });

  it.each<[MonitorRight, string, string, string]>([
    // right, relations that give it to an admin, an editor, a viewer
    ['view', 'owner edit view none', 'owner edit view', 'owner edit view'],
    ['change', 'owner edit view none', 'owner edit', ''],
    ['manageRules', 'owner edit view none', 'owner edit', ''],
    ['manageKeys', 'owner edit view none', 'owner edit', ''],
    ['seeEndpoint', 'owner edit view none', 'owner edit', ''],
    ['share', 'owner edit view none', 'owner', ''],
    ['delete', 'owner edit view none', 'owner', ''],
  ])('on a monitor: %s', (right, ...expected) => {
    const given = ROLES.map((role) =>
      RELATIONS.filter((relation) => mayOnMonitor(role, right, relation)).join(' '),
    );
    expect(given).toEqual(expected);
  });

  it('has no right that this test does not know', () => {
    expect([ALL_HUB_RIGHTS.length, ALL_MONITOR_RIGHTS.length]).toEqual([7, 7]);
  });

  it('gives no right without the right to see', () => {
    for (const role of ROLES) {
      for (const relation of RELATIONS) {
        const rights = ALL_MONITOR_RIGHTS.filter((right) => mayOnMonitor(role, right, relation));
        expect([role, relation, rights.length === 0 || rights.includes('view')]).toEqual([
          role,
          relation,
          true,
        ]);
      }
    }
  });
});
