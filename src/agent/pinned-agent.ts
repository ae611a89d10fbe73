import { createHash } from 'node:crypto';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { limitConnecting } from './connect-limit.js';
import { openTunnel } from './proxy-tunnel.js';

type Done = (error: Error | null, socket: Duplex) => void;

interface PinnedAgentOptions extends ConnectionOptions {
  keepAlive: boolean;
  maxSockets: number;
}

/**
 * Node's agent for https that goes on only with a server whose public key is one of the pins. The pin stands in for
 * authority, name and dates of the certificate; with authorities of one's own (`ca`) both have to hold. A socket is
 * handed out only after the check: no byte of a request, and so no key, reaches anybody else.
 */
export class PinnedHttpsAgent extends HttpsAgent {
  constructor(
    private readonly pins: readonly string[],
    options: PinnedAgentOptions,
    private readonly proxy?: URL,
  ) {
    super({ ...options, rejectUnauthorized: options.ca !== undefined });
  }

  override createConnection(target: ConnectionOptions, done: Done): undefined {
    if (!this.proxy) this.secure(target, done);
    else {
      openTunnel(this.proxy, target, (error, tunnel) => {
        if (error) done(error, undefined as never);
        else this.secure({ ...target, socket: tunnel }, done);
      });
    }
    return undefined;
  }

  private secure(target: ConnectionOptions, done: Done): void {
    const fail = (reason: Error): void => done(reason, undefined as never);
    // A session taken up again would bring no certificate to look at.
    const socket = connectTls({ ...target, session: undefined }, () => {
      socket.removeListener('error', fail);
      const pin = computePin(socket);
      if (this.pins.includes(pin)) done(null, socket);
      else {
        socket.destroy();
        fail(
          Object.assign(new Error(`the hub's key is another one: its pin is ${pin}`), { code: 'WRONG_PIN' }),
        );
      }
    });
    socket.once('error', fail);
    limitConnecting(socket, target.host);
  }
}

function computePin(socket: TLSSocket): string {
  const spki = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
  return spki ? `sha256//${createHash('sha256').update(spki).digest('base64')}` : 'none';
}
