import { buildPublicAddress, describeReach } from './reach.js';

const PLAIN = { host: '127.0.0.1', basePath: '', isHttpAllowed: false };

describe('the address to open', () => {
  it.each([
    [{}, 'http://127.0.0.1:3000'],
    [{ tls: 'auto' as const, host: '::1', basePath: '/mon' }, 'https://[::1]:3000/mon'],
    [{ tls: 'auto' as const, host: '0.0.0.0' }, 'https://localhost:3000'],
    [{ publicOrigin: 'https://watch.example', basePath: '/mon' }, 'https://watch.example/mon'],
  ])('with %j is %s', (changes, address) => {
    expect(buildPublicAddress({ ...PLAIN, ...changes }, 3000)).toBe(address);
  });
});

describe('the start says', () => {
  it('what to set so that other machines can come in', () => {
    expect(describeReach(PLAIN, 3000)).toEqual({
      warnings: [],
      hints: [expect.stringMatching(/HOST=0\.0\.0\.0 and WATCHKEEPER_TLS=auto.*PUBLIC_URL/)],
    });
  });

  it('nothing to who has a public address', () => {
    const silent = { warnings: [], hints: [] };
    expect(describeReach({ ...PLAIN, publicOrigin: 'https://watch.example' }, 3000)).toEqual(silent);
  });

  it('the pin of a certificate of its own, and that plain http can be read on the way', () => {
    const { hints } = describeReach({ ...PLAIN, tls: 'auto', tlsPin: 'sha256//abc=' }, 3000);
    expect(hints[0]).toContain('--pin sha256//abc=');
    const open = { ...PLAIN, host: '0.0.0.0', isHttpAllowed: true };
    expect(describeReach(open, 3000).warnings[0]).toMatch(/WATCHKEEPER_ALLOW_HTTP.*unencrypted/);
  });
});
