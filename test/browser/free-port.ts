import { createServer, type AddressInfo } from 'node:net';

/** Of loopback, and nobody's a moment ago: for a hub that must come back on the same address. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
