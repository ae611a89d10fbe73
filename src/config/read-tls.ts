import path from 'node:path';
import type { Environment } from './environment.js';
import type { HubConfig } from './hub-config.js';

export function readTls(given: Environment): HubConfig['tls'] {
  if (given.WATCHKEEPER_TLS === 'auto') return 'auto';
  const { WATCHKEEPER_TLS_CERT_FILE: certFile, WATCHKEEPER_TLS_KEY_FILE: keyFile } = given;
  return certFile !== undefined && keyFile !== undefined
    ? Object.freeze({ certFile: path.resolve(certFile), keyFile: path.resolve(keyFile) })
    : undefined;
}

/** What is good by itself, but not together; a line each. */
export function findTlsContradictions(given: Environment): string[] {
  const { WATCHKEEPER_TLS: mode, WATCHKEEPER_TLS_CERT_FILE: cert, WATCHKEEPER_TLS_KEY_FILE: key } = given;
  const faults: string[] = [];
  if ((cert === undefined) !== (key === undefined)) {
    const [missing, present] = cert === undefined ? ['CERT', 'KEY'] : ['KEY', 'CERT'];
    faults.push(
      `WATCHKEEPER_TLS_${missing}_FILE: missing beside WATCHKEEPER_TLS_${present}_FILE: give both or none`,
    );
  } else if (cert !== undefined && mode !== undefined) {
    faults.push(`WATCHKEEPER_TLS: "${mode}" contradicts WATCHKEEPER_TLS_CERT_FILE: give one of them`);
  }
  const origin = given.PUBLIC_URL === undefined ? undefined : new URL(given.PUBLIC_URL).origin;
  if (readTls(given) !== undefined && origin?.startsWith('http:')) {
    faults.push(`PUBLIC_URL: "${origin}" is plain http, but the hub itself speaks https: write https://`);
  }
  return faults;
}
