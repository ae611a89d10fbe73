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
  const ready = Array.from({ length: source.machines }, (_, machine) => machine);
  const served = ready.map(() => 0);
  const totals = { requests: 0, reports: 0, requestBytes: 0 };
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  const sockets: net.Socket[] = [];
  await Promise.all(
    Array.from({ length: Math.min(options.connections, source.machines) }, () => runConnection()),
  ).finally(() => sockets.forEach((socket) => socket.destroy()));
  const seconds = (performance.now() - startedAt) / 1000;
  return { ...totals, seconds, latenciesMs: latenciesMs.sort((a, b) => a - b) };

  /** So that no machine runs ahead of the others: history arrives as it happened. */
  function takeLeastServed(): number {
    let least = 0;
    for (let index = 1; index < ready.length; index++) {
      if (served[ready[index]!]! < served[ready[least]!]!) least = index;
    }
    const machine = ready.splice(least, 1)[0]!;
    served[machine]!++;
    return machine;
  }

  function runConnection(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(options.port, '127.0.0.1');
      sockets.push(socket);
      socket.setNoDelay(true);
      let machine = -1;
      let request: Request | undefined;
      let sentAt = 0;
      let answer = '';
      const send = async (): Promise<void> => {
        request = undefined;
        while (!request && ready.length > 0) {
          machine = takeLeastServed();
          const next = source.next(machine);
          request = next instanceof Promise ? await next : next;
        }
        if (!request) {
          socket.destroy();
          return resolve();
        }
        sentAt = performance.now();
        socket.write(request.bytes);
      };
      socket.on('connect', () => void send());
      socket.on('error', reject);
      socket.on('close', () => request && reject(new Error(`the connection was closed: ${answer}`)));
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1');
        const read = readAnswer(answer);
        if (!read || !request) return;
        const answeredAt = performance.now();
        latenciesMs.push(answeredAt - sentAt);
        options.note?.(request, sentAt, answeredAt);
        const fault = options.judge(read.status, read.body, request.reports);
        if (fault) return reject(new Error(fault));
        totals.requests++;
        totals.reports += request.reports;
        totals.requestBytes += request.bytes.length;
        answer = '';
        ready.push(machine);
        void send();
      });
    });
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
