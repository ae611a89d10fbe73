import { X509Certificate, createHash, createPrivateKey } from 'node:crypto';

/** A private key and its certificate, with those between it and a known authority; PEM. */
export interface TlsIdentity {
  readonly key: string;
  readonly cert: string;
}

/** What a hub that speaks TLS itself needs of it. */
export interface TlsSource {
  readonly identity: TlsIdentity;
  /** Of the public key, as curl's `--pinnedpubkey` and the agent's `--pin` take it. */
  readonly pin: string;
  /** Calls back with each identity that replaces the one before, until `stop`. */
  watch(onChange: (identity: TlsIdentity) => void): void;
  stop(): void;
}

/** `sha256//…`: the base64 of the SHA-256 of the certificate's public key (SPKI, DER). It stays while the key stays. */
export function computePin(cert: string): string {
  const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256//${createHash('sha256').update(spki).digest('base64')}`;
}

/** What is wrong with the pair, in words for the operator; undefined when it can be served. */
export function findIdentityFault({ key, cert }: TlsIdentity, now: number): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch {
    return 'the certificate file holds no certificate in PEM';
  }
  try {
    if (!certificate.checkPrivateKey(createPrivateKey(key)))
      return 'the key does not belong to the certificate';
  } catch {
    return 'the key file holds no private key in PEM without a passphrase';
  }
  if (certificate.validToDate.getTime() <= now) return `the certificate expired on ${certificate.validTo}`;
  return undefined;
}
