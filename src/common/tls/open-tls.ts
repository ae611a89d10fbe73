import type { HubConfig } from '../../config/hub-config.js';
import { CertificateFiles } from './certificate-files.js';
import { OwnCertificate } from './own-certificate.js';
import type { TlsSource } from './tls-identity.js';

/** What the configuration asks for; undefined where the hub speaks plain http. @throws Error with a line for the operator */
export async function openTls(
  config: HubConfig,
  warn: (line: string) => void,
): Promise<TlsSource | undefined> {
  if (config.tls === undefined) return undefined;
  if (config.tls !== 'auto') return CertificateFiles.open(config.tls, warn);
  try {
    return await OwnCertificate.open(config);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new Error(
      `WATCHKEEPER_TLS=auto needs the folder tls in DATA_DIR=${config.dataDir}, which cannot be used (${reason})`,
      { cause: error },
    );
  }
}
