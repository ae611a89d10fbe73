import {
  X509Certificate,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  webcrypto,
} from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { isIP } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { HubConfig } from '../../config/hub-config.js';
import { repeat } from './repeat.js';
import { type TlsIdentity, type TlsSource, computePin } from './tls-identity.js';

const DAY_MS = 24 * 3_600_000;
/** Browsers refuse certificates of more than 398 days. */
const VALID_DAYS = 397;
const RENEW_DAYS_BEFORE = 60;
const CHECK_EVERY_MS = DAY_MS;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

type NamingConfig = Pick<HubConfig, 'dataDir' | 'publicOrigin' | 'host' | 'allowedHosts'>;

/**
 * `WATCHKEEPER_TLS=auto`: a key of the hub's own in `DATA_DIR/tls`, made once, and a certificate that it signs itself.
 * The certificate is renewed long before its end and when names are added; the key, and so the pin, stays.
 */
export class OwnCertificate implements TlsSource {
  private stopWatching = (): void => undefined;

  private constructor(
    private readonly config: NamingConfig,
    private current: TlsIdentity,
    private readonly now: () => number,
  ) {}

  /** @throws Node's error where `DATA_DIR/tls` cannot be used. */
  static async open(config: NamingConfig, now: () => number = Date.now): Promise<OwnCertificate> {
    return new OwnCertificate(config, await prepareIdentity(config, now()), now);
  }

  get identity(): TlsIdentity {
    return this.current;
  }

  get pin(): string {
    return computePin(this.current.cert);
  }

  watch(onChange: (identity: TlsIdentity) => void, everyMs = CHECK_EVERY_MS): void {
    const check = async (): Promise<void> => {
      const next = await prepareIdentity(this.config, this.now());
      if (next.cert === this.current.cert) return;
      this.current = next;
      onChange(next);
    };
    // A disk that is full today is asked again tomorrow, 60 days long.
    this.stopWatching = repeat(check, everyMs);
  }

  stop(): void {
    this.stopWatching();
  }
}

async function prepareIdentity(config: NamingConfig, now: number): Promise<TlsIdentity> {
  const folder = path.join(config.dataDir, 'tls');
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [keyFile, certFile] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  const key = (await readIfThere(keyFile)) ?? (await writeWhole(keyFile, createKey()));
  if (!isPrivateKey(key)) {
    throw new Error('key.pem holds no private key: put it back, or remove it and give agents the new pin');
  }
  const names = listNames(config);
  const cert = await readIfThere(certFile);
  if (cert !== undefined && isStillGood(cert, key, names, now)) return { key, cert };
  return { key, cert: await writeWhole(certFile, await signCertificate(key, names, now)) };
}

/** Names and addresses under which this hub may be called; at most as many as a certificate sensibly carries. */
function listNames({ publicOrigin, host, allowedHosts }: NamingConfig): string[] {
  const names = ['localhost', '127.0.0.1', '::1', os.hostname().toLowerCase(), ...allowedHosts];
  if (publicOrigin !== undefined) names.unshift(new URL(publicOrigin).hostname.replace(/^\[|\]$/g, ''));
  if (host === '0.0.0.0' || host === '::') {
    const own = Object.values(os.networkInterfaces()).flatMap((list) => list ?? []);
    names.push(
      ...own.filter(({ address }) => !/^fe80:|^169\.254\./i.test(address)).map(({ address }) => address),
    );
  } else names.push(host);
  const isName = (name: string): boolean =>
    isIP(name) !== 0 || /^[a-z0-9*]([a-z0-9._-]{0,251}[a-z0-9])?$/.test(name);
  return [...new Set(names)].filter(isName).slice(0, 50);
}

function isStillGood(cert: string, key: string, names: readonly string[], now: number): boolean {
  try {
    const certificate = new X509Certificate(cert);
    const leftMs = certificate.validToDate.getTime() - now;
    return (
      leftMs > RENEW_DAYS_BEFORE * DAY_MS &&
      certificate.checkPrivateKey(createPrivateKey(key)) &&
      names.every((name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)))
    );
  } catch {
    return false;
  }
}

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch {
    return false;
  }
}

function createKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

async function signCertificate(key: string, names: readonly string[], now: number): Promise<string> {
  // Only a hub that needs it pays for loading it.
  const x509 = await import('@peculiar/x509');
  const importKey = (jwk: webcrypto.JsonWebKey, usage: 'sign' | 'verify'): Promise<webcrypto.CryptoKey> =>
    webcrypto.subtle.importKey('jwk', jwk, ALGORITHM, true, [usage]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    name: [{ CN: ['Watchkeeper'] }],
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + (VALID_DAYS - 1) * DAY_MS),
    keys: {
      privateKey: await importKey(createPrivateKey(key).export({ format: 'jwk' }), 'sign'),
      publicKey: await importKey(createPublicKey(key).export({ format: 'jwk' }), 'verify'),
    },
    signingAlgorithm: ALGORITHM,
    extensions: [
      // Of no authority: whoever trusts it trusts this hub, not whatever its key might sign.
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** Whole on the disk before it is used: a key that a crash loses would change every agent's pin. */
async function writeWhole(file: string, content: string): Promise<string> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  return content;
}
