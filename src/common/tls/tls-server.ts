import type { Socket } from 'node:net';
import type { SecureContextOptions, Server, TlsOptions } from 'node:tls';
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

/**
 * Serves each new certificate to new connections, as long as the server runs; open ones go on. At its end it cuts
 * those that have not finished their handshake: Node would wait for them, and knows none of them by its requests.
 */
export function followTls(instance: FastifyInstance, tls: TlsSource): void {
  const server = instance.server as unknown as Server;
  tls.watch((identity) => server.setSecureContext(buildContext(identity)));
  const handshaking = new Map<string, Socket>();
  let isClosing = false;
  server.on('connection', (socket: Socket) => {
    const peer = namePeer(socket);
    if (isClosing) socket.destroy();
    else handshaking.set(peer, socket);
    socket.once('close', () => handshaking.delete(peer));
  });
  server.on('secureConnection', (socket) => handshaking.delete(namePeer(socket)));
  instance.addHook('preClose', (done) => {
    isClosing = true;
    tls.stop();
    for (const socket of handshaking.values()) socket.destroy();
    done();
  });
}

function namePeer({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function buildContext({ key, cert }: TlsIdentity): SecureContextOptions {
  return { key, cert, minVersion: 'TLSv1.2' };
}
