import net from 'node:net';

export interface WireRequest {
  readonly bytes: Buffer;
  readonly reports: number;
}

/** Where requests come from: a machine's next one, now or when its time has come; undefined when it has no more. */
export interface RequestSource<Request extends WireRequest = WireRequest> {
  readonly machines: number;
  next(machine: number): Request | undefined | Promise<Request | undefined>;
}

export interface LoadResult {
  readonly requests: number;
  readonly reports: number;
  readonly seconds: number;
  readonly requestBytes: number;
  /** Milliseconds from the request to its answer, ascending. */
  readonly latenciesMs: readonly number[];
}

export interface LoadOptions<Request extends WireRequest = WireRequest> {
  readonly port: number;
  readonly connections: number;
  /** What the answer to a request with so many reports must be; says what is wrong otherwise. */
  readonly judge: (status: number, body: string, reports: number) => string | undefined;
  /** Called with each request that was answered; instants as of `performance.now()`. */
  readonly note?: (request: Request, sentAt: number, answeredAt: number) => void;
}

/**
 * Sends everything over keep-alive connections, each of which waits for its answer. A machine has one request
 * on its way at a time, as in life, so that its reports arrive in order.
 */
export async function runLoad<Request extends WireRequest>(
  source: RequestSource<Request>,
  options: LoadOptions<Request>,
): Promise<LoadResult> {
  const turns = new Turns(source.machines);
  const totals = { requests: 0, reports: 0, requestBytes: 0 };
  const latenciesMs: number[] = [];
  const note = (request: Request, sentAt: number, answeredAt: number): void => {
    latenciesMs.push(answeredAt - sentAt);
    totals.requests++;
    totals.reports += request.reports;
    totals.requestBytes += request.bytes.length;
    options.note?.(request, sentAt, answeredAt);
  };
  const startedAt = performance.now();
  const connections = Array.from(
    { length: Math.min(options.connections, source.machines) },
    () => new Connection(source, turns, { ...options, note }),
  );
  try {
    await Promise.all(connections.map((connection) => connection.run()));
  } finally {
    for (const connection of connections) connection.close();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  return { ...totals, seconds, latenciesMs: latenciesMs.sort((a, b) => a - b) };
}

/** Whose turn it is. */
class Turns {
  private readonly ready: number[];
  private readonly served: number[];

  constructor(machines: number) {
    this.ready = Array.from({ length: machines }, (_, machine) => machine);
    this.served = this.ready.map(() => 0);
  }

  /** The machine that has sent least, so that history arrives as it happened; undefined when none is ready. */
  take(): number | undefined {
    let least = 0;
    for (let index = 1; index < this.ready.length; index++) {
      if (this.served[this.ready[index]!]! < this.served[this.ready[least]!]!) least = index;
    }
    const machine = this.ready.splice(least, 1)[0];
    if (machine !== undefined) this.served[machine]!++;
    return machine;
  }

  giveBack(machine: number): void {
    this.ready.push(machine);
  }
}

class Connection<Request extends WireRequest> {
  private readonly source: RequestSource<Request>;
  private readonly turns: Turns;
  private readonly options: LoadOptions<Request>;
  private readonly socket = new net.Socket();
  private machine = -1;
  private request: Request | undefined;
  private sentAt = 0;
  private answer = '';

  constructor(source: RequestSource<Request>, turns: Turns, options: LoadOptions<Request>) {
    this.source = source;
    this.turns = turns;
    this.options = options;
  }

  /** Resolves when no machine has anything left to send. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      const goOn = (): void => {
        this.sendNext().then((hasSent) => {
          if (!hasSent) resolve();
        }, reject);
      };
      this.socket.on('error', reject);
      this.socket.on('close', () => reject(new Error(`the connection was closed: ${this.answer}`)));
      this.socket.on('data', (chunk) => {
        this.answer += chunk.toString('latin1');
        try {
          if (this.takeAnswer()) goOn();
        } catch (error) {
          reject(error as Error);
        }
      });
      this.socket.setNoDelay(true);
      this.socket.connect(this.options.port, '127.0.0.1', goOn);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private async sendNext(): Promise<boolean> {
    for (;;) {
      const machine = this.turns.take();
      if (machine === undefined) return false;
      const next = this.source.next(machine);
      const request = next instanceof Promise ? await next : next;
      if (!request) continue;
      this.machine = machine;
      this.request = request;
      this.sentAt = performance.now();
      this.socket.write(request.bytes);
      return true;
    }
  }

  /** Whether the whole answer is there; throws when it is not what it must be. */
  private takeAnswer(): boolean {
    const read = readAnswer(this.answer);
    if (!read || !this.request) return false;
    const fault = this.options.judge(read.status, read.body, this.request.reports);
    if (fault) throw new Error(fault);
    this.options.note?.(this.request, this.sentAt, performance.now());
    this.answer = '';
    this.request = undefined;
    this.turns.giveBack(this.machine);
    return true;
  }
}

function readAnswer(text: string): { status: number; body: string } | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const status = Number(text.slice(9, 12));
  if (status === 204) return { status, body: '' };
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0);
  const body = text.slice(headEnd + 4);
  return body.length < length ? undefined : { status, body };
}

/** A whole HTTP/1.1 POST as it goes over the wire. */
export function makePost(path: string, headers: Record<string, string>, body: Buffer | string): Buffer {
  const content = typeof body === 'string' ? Buffer.from(body) : body;
  const lines = Object.entries({ ...headers, 'Content-Length': String(content.length) });
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  return Buffer.concat([Buffer.from(head), content]);
}
