import { readFile } from 'node:fs/promises';
import { repeat } from './repeat.js';
import { type TlsIdentity, type TlsSource, computePin, findIdentityFault } from './tls-identity.js';

const LOOK_EVERY_MS = 10_000;

export interface CertificatePaths {
  readonly certFile: string;
  readonly keyFile: string;
}

/**
 * A certificate that somebody else renews in its files. They are read again every ten seconds (a watch misses links
 * that are bent to other files); a pair that does not fit, as between the two writes of a renewal, changes nothing.
 */
export class CertificateFiles implements TlsSource {
  private stopWatching = (): void => undefined;
  private lastFault: string | undefined;

  private constructor(
    private readonly paths: CertificatePaths,
    private current: TlsIdentity,
    private readonly warn: (line: string) => void,
  ) {}

  /** @throws Error with a line for the operator when the files cannot be served. */
  static async open(paths: CertificatePaths, warn: (line: string) => void): Promise<CertificateFiles> {
    const identity = await readPair(paths);
    const fault = findIdentityFault(identity, Date.now());
    if (fault !== undefined) throw new Error(describeFault(paths, fault));
    return new CertificateFiles(paths, identity, warn);
  }

  get identity(): TlsIdentity {
    return this.current;
  }

  get pin(): string {
    return computePin(this.current.cert);
  }

  watch(onChange: (identity: TlsIdentity) => void, everyMs = LOOK_EVERY_MS): void {
    this.stopWatching = repeat(() => this.look(onChange), everyMs);
  }

  stop(): void {
    this.stopWatching();
  }

  private async look(onChange: (identity: TlsIdentity) => void): Promise<void> {
    const fault = await this.takeNext(onChange).catch((error: Error) => error.message);
    // Once for each fault that lasts, not every ten seconds, and not for the moment between two writes.
    if (fault !== undefined && fault === this.lastFault) return;
    if (fault !== undefined) this.warn(`${fault}; the certificate from before stays in use`);
    this.lastFault = fault;
  }

  private async takeNext(onChange: (identity: TlsIdentity) => void): Promise<string | undefined> {
    const next = await readPair(this.paths);
    if (next.cert === this.current.cert && next.key === this.current.key) return undefined;
    const fault = findIdentityFault(next, Date.now());
    if (fault !== undefined) return describeFault(this.paths, fault);
    this.current = next;
    onChange(next);
    return undefined;
  }
}

async function readPair(paths: CertificatePaths): Promise<TlsIdentity> {
  const [cert, key] = await Promise.all(
    [paths.certFile, paths.keyFile].map((file) =>
      readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        throw new Error(`${file} cannot be read (${error.code ?? 'unknown fault'})`, { cause: error });
      }),
    ),
  );
  return { cert: cert!, key: key! };
}

function describeFault({ certFile, keyFile }: CertificatePaths, fault: string): string {
  return `WATCHKEEPER_TLS_CERT_FILE=${certFile}, WATCHKEEPER_TLS_KEY_FILE=${keyFile}: ${fault}`;
}
