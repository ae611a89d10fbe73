import { networkInterfaces } from 'node:os';
import { AddressGuard, isSameAddress, isThisMachine } from './address-guard.js';
import { Outbound } from './outbound.js';

const closed = new AddressGuard([]);

/** One address of each network that is not the public internet. */
const NOT_PUBLIC = [
  '0.0.0.0', '0.255.255.255', '10.0.0.1', '100.64.0.1', '100.100.100.200', '100.127.255.255', '127.0.0.1',
  '127.255.255.254', '168.63.129.16', '169.254.169.254', '169.254.170.2', '172.16.0.1', '172.31.255.255',
  '192.0.0.192', '192.0.2.1', '192.31.196.1', '192.52.193.1', '192.88.99.1', '192.168.0.1', '192.175.48.1',
  '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.250', '240.0.0.1',
  '255.255.255.255', '::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:0:127.0.0.1',
  '64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '100::1', '100:0:0:1::1', '2001::1', '2001:2::1',
  '2001:10::1', '2001:20::1', '2001:db8::1', '2002:7f00:1::', '2002:a00:1::1', '2620:4f:8000::1', '3fff::1',
  '5f00::1', '4000::1', '9000::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'febf::1', 'fec0::1',
  'ff02::1', 'no address', '',
]; // prettier-ignore

const PUBLIC = [
  '1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '168.63.129.17',
  '172.15.255.255', '172.32.0.0', '192.0.1.0', '198.17.255.255', '198.20.0.0', '223.255.255.255',
  '2606:4700:4700::1111', '2a00:1450:4001::1', '2001:4860:4860::8888', '2620:fe::fe',
]; // prettier-ignore

describe('the guard', () => {
  it.each(NOT_PUBLIC)('keeps %s closed', (address) => expect(closed.isAllowed(address)).toBe(false));
  it.each(PUBLIC)('lets %s be reached', (address) => expect(closed.isAllowed(address)).toBe(true));

  it('opens exactly the networks that whoever runs the hub names', () => {
    const guard = new AddressGuard(['192.168.1.0/24', '10.0.0.5', 'fd12::/16']);
    expect(['192.168.1.200', '10.0.0.5', 'fd12:1::1', '8.8.8.8'].every((one) => guard.isAllowed(one))).toBe(
      true,
    );
    expect(['192.168.2.1', '10.0.0.6', 'fd13::1', '127.0.0.1'].some((one) => guard.isAllowed(one))).toBe(
      false,
    );
  });

  it('knows its own machine by every address', () => {
    const own = Object.values(networkInterfaces()).flatMap((list) => list!.map(({ address }) => address));
    for (const one of [...own, '127.8.8.8', '0.0.0.0', '::', '::1', '::ffff:127.0.0.1']) {
      expect([one, isThisMachine(one)]).toEqual([one, true]);
    }
    expect(isThisMachine('8.8.8.8')).toBe(false);
    expect(isSameAddress('::ffff:10.1.2.3', '10.1.2.3')).toBe(true);
    expect(isSameAddress('2a00:0::1', '2a00::0:1')).toBe(true);
  });
});

describe('an address that a user gives', () => {
  const outbound = new Outbound();

  it.each([
    'http://0x7f.1/', 'http://2130706433/', 'http://017700000001/', 'http://127.1/', 'http://①②⑦.⓪.⓪.①/',
    'http://127.0.0.1./', 'http://0/', 'http://0x7f000001:8080/', 'http://[::1]/', 'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/', 'http://[64:ff9b::7f00:1]/', 'http://[2002:7f00:1::]/', 'http://[0:0:0:0:0:0:0:1]/',
    'http://169.254.169.254/latest/meta-data/', 'http://[fd00:ec2::254]/', 'http://100.100.100.200/',
    'http://%31%32%37.0.0.1/', 'http://１２７.0.0.1/', 'http://192.168.0.1\u3002/', 'https://3232235521/',
  ])('%s leads nowhere', (url) => {
    expect(() => outbound.checkUrl(url)).toThrow(expect.objectContaining({ code: 'blocked_address' }));
  }); // prettier-ignore

  it.each([
    'file:///etc/passwd', 'gopher://example.org/', 'ftp://example.org/', 'data:text/plain,x', 'javascript:alert(1)',
    'unix:/run/docker.sock', 'https://user:pw@example.org/', 'https://user@example.org/', 'example.org', '//example.org',
    'http://', 'http://example.org:0/', 'http://example.org:99999/', 'http://exa mple.org/', 'http://example.org/a\nb',
    'http:\\\\example.org', 'http://example.org\t/', '', `https://example.org/${'x'.repeat(3000)}`,
  ])('%j is refused', (url) => {
    expect(() => outbound.checkUrl(url)).toThrow(expect.objectContaining({ code: 'bad_url' }));
  }); // prettier-ignore

  it.each([
    'https://example.org',
    'http://example.org:8080/a?b=c',
    'https://8.8.8.8/',
    'https://[2606:4700::1111]/',
  ])('%s can be saved', (url) => expect(() => outbound.checkUrl(url)).not.toThrow());
});
