import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { createTestAuthority } from '../../../test/support/certificates.js';
import { waitFor } from '../../../test/support/wait-for.js';
import { CertificateFiles } from './certificate-files.js';
import { OwnCertificate } from './own-certificate.js';
import { computePin, type TlsIdentity } from './tls-identity.js';

const DAY_MS = 24 * 3_600_000;
let dataDir: string;

beforeEach(() => void (dataDir = mkdtempSync(path.join(tmpdir(), 'watchkeeper-tls-'))));
afterEach(() => rmSync(dataDir, { recursive: true }));

describe("the hub's own certificate", () => {
  const config = (changes: { publicOrigin?: string; allowedHosts?: string[]; host?: string } = {}) => ({
    dataDir,
    host: '127.0.0.1',
    allowedHosts: [],
    ...changes,
  });

  it('is made once, for every name of the hub, readable for the hub alone', async () => {
    const first = await OwnCertificate.open(
      config({ publicOrigin: 'https://watch.lan:3000', allowedHosts: ['hub.lan'], host: '10.0.0.5' }),
    );
    const certificate = new X509Certificate(first.identity.cert);
    for (const name of ['watch.lan', 'hub.lan', 'localhost', hostname().toLowerCase()]) {
      expect([name, certificate.checkHost(name)]).toEqual([name, name]);
    }
    for (const ip of ['127.0.0.1', '::1', '10.0.0.5']) expect(certificate.checkIP(ip)).toBeDefined();
    expect(certificate.checkHost('other.lan')).toBeUndefined();
    expect(certificate.ca).toBe(false);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    const days = (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / DAY_MS;
    expect(days).toBeLessThanOrEqual(398);
    for (const file of ['key.pem', 'cert.pem']) {
      expect(statSync(path.join(dataDir, 'tls', file)).mode & 0o777).toBe(0o600);
    }
    expect(statSync(path.join(dataDir, 'tls')).mode & 0o777).toBe(0o700);
    expect(first.pin).toMatch(/^sha256\/\/[A-Za-z0-9+/]{43}=$/);
  });

  it('stays over restarts, and is renewed for new names and before its end with the same key', async () => {
    const first = await OwnCertificate.open(config());
    const again = await OwnCertificate.open(config());
    expect(again.identity).toEqual(first.identity);
    const renamed = await OwnCertificate.open(config({ publicOrigin: 'https://new.lan' }));
    expect(renamed.identity.cert).not.toBe(first.identity.cert);
    expect(new X509Certificate(renamed.identity.cert).checkHost('new.lan')).toBe('new.lan');
    const later = await OwnCertificate.open(config(), () => Date.now() + 340 * DAY_MS);
    expect(later.identity.cert).not.toBe(renamed.identity.cert);
    expect(new Set([first.pin, renamed.pin, later.pin]).size).toBe(1);
    expect(readdirSync(path.join(dataDir, 'tls')).sort()).toEqual(['cert.pem', 'key.pem']);
  });

  it('is renewed while the hub runs', async () => {
    let now = Date.now();
    const own = await OwnCertificate.open(config(), () => now);
    const seen: TlsIdentity[] = [];
    own.watch((identity) => seen.push(identity), 20);
    now += 340 * DAY_MS;
    await waitFor(() => seen.length > 0, { what: () => 'no new certificate' });
    own.stop();
    expect(new X509Certificate(seen[0]!.cert).validToDate.getTime()).toBeGreaterThan(now + 300 * DAY_MS);
    expect(own.identity).toEqual(seen[0]);
  });

  it('is never made anew over a key that cannot be read', async () => {
    await OwnCertificate.open(config());
    const file = path.join(dataDir, 'tls/key.pem');
    writeFileSync(file, 'broken');
    await expect(OwnCertificate.open(config())).rejects.toThrow(/put it back, or remove it/);
    expect(readFileSync(file, 'utf8')).toBe('broken');
  });
});

describe('a certificate by file', () => {
  it('is served, read again when both files have changed, and kept when they do not fit', async () => {
    const authority = await createTestAuthority();
    const [first, second] = [await authority.issue(['a.lan']), await authority.issue(['b.lan'])];
    const paths = { certFile: path.join(dataDir, 'cert.pem'), keyFile: path.join(dataDir, 'key.pem') };
    writeFileSync(paths.certFile, `${first.cert}\n${authority.cert}`);
    writeFileSync(paths.keyFile, first.key);
    const warnings: string[] = [];
    const files = await CertificateFiles.open(paths, (line) => warnings.push(line));
    expect(files.pin).toBe(computePin(first.cert));
    const seen: TlsIdentity[] = [];
    files.watch((identity) => seen.push(identity), 20);

    writeFileSync(paths.certFile, second.cert);
    await waitFor(() => warnings.length > 0, { what: () => 'no warning of the pair that does not fit' });
    expect([seen.length, files.identity.key]).toEqual([0, first.key]);
    expect(warnings[0]).toMatch(/does not belong.*from before stays/);

    writeFileSync(paths.keyFile, second.key);
    await waitFor(() => seen.length > 0, { what: () => 'the new pair is not taken' });
    expect(files.pin).toBe(computePin(second.cert));

    rmSync(paths.keyFile);
    await waitFor(() => warnings.length > 1, { what: () => 'no warning of the missing file' });
    files.stop();
    expect(warnings).toHaveLength(2);
    expect(files.pin).toBe(computePin(second.cert));
  });

  it('stops the start in one line that names the files, and shows no key', async () => {
    const authority = await createTestAuthority();
    const good = await authority.issue(['a.lan']);
    const expired = await authority.issue(['a.lan'], { notAfter: new Date(Date.now() - 1000) });
    const paths = { certFile: path.join(dataDir, 'cert.pem'), keyFile: path.join(dataDir, 'key.pem') };
    const cases: [string, string, RegExp][] = [
      ['nonsense', good.key, /no certificate in PEM/],
      [good.cert, 'nonsense', /no private key/],
      [good.cert, expired.key, /does not belong/],
      [expired.cert, expired.key, /expired on/],
    ];
    for (const [cert, key, expected] of cases) {
      writeFileSync(paths.certFile, cert);
      writeFileSync(paths.keyFile, key);
      const fault = await CertificateFiles.open(paths, () => undefined).catch(
        (error: Error) => error.message,
      );
      expect(fault).toMatch(expected);
      expect(fault).toMatch(/^WATCHKEEPER_TLS_CERT_FILE=.*cert\.pem.*key\.pem/);
      expect(fault).not.toMatch(/\n|PRIVATE/);
    }
  });
});
