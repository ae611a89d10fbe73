import { Module } from '@nestjs/common';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { createTestAuthority } from '../../../test/support/certificates.js';
import { waitFor } from '../../../test/support/wait-for.js';
import { createHubApp } from '../http/create-hub-app.js';
import { computePin, type TlsIdentity, type TlsSource } from './tls-identity.js';

@Module({})
class EmptyModule {}

const CONFIG = { basePath: '', allowedHosts: [], trustedProxies: [], tls: 'auto' as const };

describe('the server on TLS', () => {
  it('serves a new certificate at once, and ends though strangers hang in their handshake', async () => {
    const authority = await createTestAuthority();
    const [first, second] = [await authority.issue(['localhost']), await authority.issue(['localhost'])];
    let renew: ((identity: TlsIdentity) => void) | undefined;
    let isStopped = false;
    const tls: TlsSource = {
      identity: first,
      pin: computePin(first.cert),
      watch: (onChange) => (renew = onChange),
      stop: () => (isStopped = true),
    };
    const app = await createHubApp(EmptyModule, CONFIG, false, { tls });
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;

    const readPin = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connectTls(
          { port, host: '127.0.0.1', servername: 'localhost', ca: authority.cert },
          () => {
            resolve(computePin(socket.getPeerX509Certificate()!.toString()));
            socket.destroy();
          },
        );
        socket.on('error', reject);
      });
    expect(await readPin()).toBe(computePin(first.cert));
    renew!(second);
    expect(await readPin()).toBe(computePin(second.cert));

    const strangers: Socket[] = [];
    let cutCount = 0;
    for (let count = 0; count < 5; count++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.on('close', () => cutCount++);
      strangers.push(socket);
    }
    await waitFor(() => strangers.every((socket) => !socket.connecting), { what: () => 'not connected' });
    // A handshake may take ten seconds: longer than the whole shutdown.
    await app.close();
    await waitFor(() => cutCount === strangers.length, { what: () => `${cutCount} of 5 were cut` });
    expect(isStopped).toBe(true);
  });
});
