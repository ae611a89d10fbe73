import net from 'node:net';
import { findFreePort } from '../process/pinned-process.js';

/** Servers, each on a port of its own, that will never take a report. */
export interface DeadEndpoints {
  /** Every second one refuses the connection, the others accept it and never answer. */
  readonly urls: readonly string[];
  close(): void;
}

export async function openDeadEndpoints(count: number): Promise<DeadEndpoints> {
  const servers: net.Server[] = [];
  const sockets = new Set<net.Socket>();
  const listen = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const server = net.createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
        // Read and forgotten: it is no slow reader, it has nothing to say.
        socket.resume();
      });
      servers.push(server);
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port));
    });
  const ports: number[] = [];
  for (let index = 0; index < count; index++) {
    ports.push(index % 2 === 0 ? await findFreePort() : await listen());
  }
  return {
    urls: ports.map((port) => `http://127.0.0.1:${port}/api/monitoring/data`),
    close() {
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
