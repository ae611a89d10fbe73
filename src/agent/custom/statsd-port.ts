// The one thing of an agent that listens, and only where somebody asked for it: it reads datagrams of programs
// on this machine and answers nothing.
// oxlint-disable-next-line no-restricted-imports
import { createSocket, type Socket } from 'node:dgram';

const RETRY_MS = 30_000;

/** A port for StatsD on loopback. It may be taken: it is tried again, and the reason is in `problem`. */
export class StatsdPort {
  problem: string | undefined;
  private socket: Socket | undefined;
  private retry: NodeJS.Timeout | undefined;

  constructor(
    readonly port: number,
    private readonly take: (datagram: string) => void,
  ) {}

  open(): void {
    const socket = createSocket('udp4');
    this.socket = socket;
    socket.on('message', (datagram) => this.take(datagram.toString('utf8')));
    socket.on('listening', () => (this.problem = undefined));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.problem = `port ${this.port} cannot be opened: ${error.code ?? 'unknown error'}`;
      this.close();
      this.retry = setTimeout(() => this.open(), RETRY_MS);
      this.retry.unref();
    });
    // Nobody else may share the port and take a part of it.
    socket.bind({ address: '127.0.0.1', port: this.port, exclusive: true });
  }

  close(): void {
    clearTimeout(this.retry);
    const { socket } = this;
    this.socket = undefined;
    socket?.close();
  }
}
