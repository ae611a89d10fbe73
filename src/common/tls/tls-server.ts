import type { SecureContextOptions, TlsOptions } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import type { TlsIdentity, TlsSource } from './tls-identity.js';

/** What the HTTP server needs to speak TLS. */
export function buildTlsOptions({ identity }: TlsSource): TlsOptions {
  return {
    ...buildContext(identity),
    ALPNProtocols: ['http/1.1'],
    // Node waits for two minutes.
    handshakeTimeout: 10_000,
  };
}

/** Serves each new certificate to new connections, as long as the server runs; open ones go on. */
export function followTls(instance: FastifyInstance, tls: TlsSource): void {
  const server = instance.server as unknown as { setSecureContext(options: SecureContextOptions): void };
  tls.watch((identity) => server.setSecureContext(buildContext(identity)));
  instance.addHook('onClose', (_instance, done) => {
    tls.stop();
    done();
  });
}

function buildContext({ key, cert }: TlsIdentity): SecureContextOptions {
  return { key, cert, minVersion: 'TLSv1.2' };
}
