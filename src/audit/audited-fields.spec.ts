import { selectAuditedFields } from './audited-fields.js';

describe('what the audit log keeps of a change', () => {
  it('is what differs', () => {
    const before = { name: 'web-01', tags: ['a'], intervalSeconds: 10 };
    const after = { name: 'web-02', tags: ['a'], intervalSeconds: 10 };
    expect(selectAuditedFields('monitor', before, after)).toEqual({
      before: { name: 'web-01' },
      after: { name: 'web-02' },
    });
    expect(selectAuditedFields('monitor', before, { ...before })).toEqual({ before: null, after: null });
  });

  it('is never a field that nobody has allowed', () => {
    const user = { email: 'a@example.org', role: 'editor', passwordHash: 'x', password: 'y', tokenHash: 'z' };
    expect(selectAuditedFields('user', null, user).after).toEqual({ email: 'a@example.org', role: 'editor' });
  });

  it('is storable and bounded, whatever the text', () => {
    const hostile = `a\0b\ud800${'x'.repeat(5_000)}`;
    const { after } = selectAuditedFields('monitor', null, { name: hostile, tags: [hostile, 1, null] });
    expect(JSON.stringify(after).length).toBeLessThan(1_200);
    expect(JSON.stringify(after)).not.toMatch(/\\u0000|\\ud800/);
    expect(selectAuditedFields('apiKey', null, { expiresAt: new Date(0) }).after).toEqual({
      expiresAt: '1970-01-01T00:00:00.000Z',
    });
  });
});
