import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the way to a server does to those who take it. */
export type LineFault =
  | { readonly kind: 'pass' }
  /** Nobody listens. */
  | { readonly kind: 'refuse' }
  /** Each connection is reset when so many bytes of what is asked have gone through. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Connections are taken, what is asked is read, nothing goes on, and no answer ever comes. */
  | { readonly kind: 'black-hole' }
  /** Each piece of either direction comes so much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** What is asked gets through; the connection is reset at the first byte of the answer. */
  | { readonly kind: 'lose-answer' };

const PASS: LineFault = { kind: 'pass' };

/**
 * A TCP line on loopback to a server, on a port of its own that stays the same when the server's changes. A fault holds
 * for what goes over the line from then on; what hung in the one before is reset when it ends.
 *
 *   const line = await FaultProxy.start(() => hub.port);
 *   line.become({ kind: 'lose-answer' });
 */
export class FaultProxy {
  /** How many connections were taken so far. */
  connections = 0;
  private fault: LineFault = PASS;
  private readonly sockets = new Set<Socket>();
  private port = 0;

  private constructor(
    private readonly server: Server,
    private readonly findPort: () => number,
  ) {}

  /** @param findPort the server's port on 127.0.0.1 now */
  static async start(findPort: () => number): Promise<FaultProxy> {
    const server = createServer();
    const proxy = new FaultProxy(server, findPort);
    server.on('connection', (client) => proxy.connect(client));
    await proxy.listen();
    proxy.port = (server.address() as AddressInfo).port;
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when it holds. */
  async become(fault: LineFault): Promise<void> {
    const before = this.fault;
    this.fault = fault;
    if (before.kind === 'black-hole' || fault.kind === 'refuse') this.break();
    if (fault.kind === 'refuse') {
      if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
    } else if (!this.server.listening) await this.listen();
  }

  /** Whatever is on its way is lost: requests half sent, answers half read. */
  break(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    await this.become({ kind: 'refuse' });
  }

  private listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.port, '127.0.0.1', () => {
        this.server.off('error', reject);
        resolve();
      });
    });
  }

  private connect(client: Socket): void {
    this.connections++;
    this.keep(client);
    if (this.fault.kind === 'black-hole') {
      client.resume();
      return;
    }
    const upstream = this.keep(connect(this.findPort(), '127.0.0.1'));
    let asked = 0;
    this.carry(client, upstream, (chunk) => {
      asked += chunk.length;
      const { fault } = this;
      if (fault.kind !== 'cut' || asked <= fault.afterBytes) return chunk;
      return chunk.subarray(0, Math.max(0, chunk.length - (asked - fault.afterBytes)));
    });
    this.carry(upstream, client, (chunk) =>
      this.fault.kind === 'lose-answer' ? chunk.subarray(0, 0) : chunk,
    );
  }

  /** @param pass what of a piece gets through; less than all of it is the last of its connection */
  private carry(from: Socket, to: Socket, pass: (chunk: Buffer) => Buffer): void {
    let last = Promise.resolve();
    const after = (work: () => void): void => {
      const ms = this.fault.kind === 'delay' ? this.fault.ms : 0;
      last = ms > 0 ? last.then(() => sleep(ms)).then(work) : last.then(work);
    };
    from.on('data', (chunk: Buffer) => {
      // What is open when the black hole opens falls in.
      if (this.fault.kind === 'black-hole') return;
      const passed = pass(chunk);
      after(() => {
        if (passed.length > 0 && to.writable) to.write(passed);
        if (passed.length === chunk.length) return;
        // What got through is to arrive before the end of it.
        setImmediate(() => [from, to].forEach((socket) => socket.resetAndDestroy()));
      });
    });
    from.on('end', () => after(() => to.end()));
    from.on('close', () => after(() => to.destroy()));
  }

  private keep(socket: Socket): Socket {
    this.sockets.add(socket);
    socket.setNoDelay();
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
    return socket;
  }
}
