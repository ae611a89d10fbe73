import { buildSessionCookie, clearSessionCookie, readSessionCookie } from './session-cookie.js';

const SECURE = { isSecure: true };
const PLAIN = { isSecure: false };

describe('the session cookie', () => {
  it('is bound to this very host under https', () => {
    expect(buildSessionCookie(SECURE, 'tok', 60_000)).toBe(
      '__Host-session=tok; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict',
    );
  });

  it('is plain where the browser would drop a secure one', () => {
    expect(buildSessionCookie(PLAIN, 'tok', 60_000)).toBe(
      'session=tok; Path=/; Max-Age=60; HttpOnly; SameSite=Strict',
    );
  });

  it('is forgotten at once when cleared', () => {
    expect(clearSessionCookie(SECURE)).toBe(
      '__Host-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict',
    );
  });

  it('is found among others, by its exact name, and only under its own scheme', () => {
    const headers = { cookie: 'xsession=1; a=b;session=tok;  __Host-session=sec; c=d' };
    expect(readSessionCookie(PLAIN, headers)).toBe('tok');
    expect(readSessionCookie(SECURE, headers)).toBe('sec');
    expect(readSessionCookie(SECURE, { cookie: 'session=tok' })).toBeUndefined();
    expect(readSessionCookie(PLAIN, {})).toBeUndefined();
  });
});
