import { type Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction, Socket } from 'node:net';
import { OutboundError, describeNetworkFault } from './outbound-error.js';
import { type OutboundTarget, nameServer } from './outbound-target.js';

export interface ExchangePlan {
  readonly target: OutboundTarget;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  /** `false`: a connection of its own. */
  readonly agent: Agent | false;
  readonly ca: string | undefined;
  readonly lookup: LookupFunction;
  /** Until the connection stands, encrypted; then until the first byte of the answer; from the start until the last. */
  readonly connectTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
  /** `start`: the status is what counts; a body that is too long, too slow or broken off is cut. */
  readonly answer: 'whole' | 'start';
  readonly signal: AbortSignal | undefined;
}

export interface OutboundAnswer {
  readonly status: number;
  /** `content-type` and `retry-after`, as far as they are there. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Whether `body` is only the start of what was sent; never with `answer: 'whole'`. */
  readonly isCut: boolean;
  readonly durationMs: number;
}

const SHOWN_HEADERS = ['content-type', 'retry-after'] as const;

/**
 * One request and its answer. @throws OutboundError; with `isStale` when a kept connection turned out to be closed
 * before any byte of an answer, so that the same request may go over a new one.
 */
export class Exchange {
  private readonly startedAt = performance.now();
  private readonly parts: Buffer[] = [];
  private readonly request: ClientRequest;
  private response: IncomingMessage | undefined;
  private receivedBytes = 0;
  private timer: NodeJS.Timeout | undefined;
  private finish!: (answer: OutboundAnswer) => void;
  private fail!: (error: unknown) => void;
  readonly outcome: Promise<OutboundAnswer>;

  constructor(private readonly plan: ExchangePlan) {
    this.outcome = new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
    });
    this.request = this.open();
    const stop = (): void => this.end(new OutboundError('aborted', 'the request was given up'));
    plan.signal?.addEventListener('abort', stop);
    void this.outcome
      .catch(() => undefined)
      .finally(() => {
        clearTimeout(this.timer);
        plan.signal?.removeEventListener('abort', stop);
      });
    this.armDeadline(plan.connectTimeoutMs, 'no connection was made');
    if (plan.signal?.aborted) stop();
    else this.request.end(plan.body);
  }

  private open(): ClientRequest {
    const { plan } = this;
    const { target } = plan;
    const send = target.isTls ? requestHttps : requestHttp;
    const request = send({
      host: target.host,
      port: target.port,
      path: target.path,
      method: plan.method,
      agent: plan.agent,
      lookup: plan.lookup,
      maxHeaderSize: 16 * 1024,
      headers: {
        ...plan.headers,
        Host: target.authority,
        // An answer that is not packed cannot unpack into more than was sent.
        'Accept-Encoding': 'identity',
        Connection: 'keep-alive',
        ...(plan.body !== undefined || !/^(?:GET|HEAD)$/.test(plan.method)
          ? { 'Content-Length': plan.body?.byteLength ?? 0 }
          : {}),
      },
      ...(target.isTls ? { servername: nameServer(target.host), ca: plan.ca } : {}),
    });
    request.on('socket', (socket) => this.watchConnecting(socket));
    request.on('response', (response) => this.receive(response));
    request.on('error', (error) => this.end(error));
    // An answer that wants to go on in another protocol.
    request.on('upgrade', () =>
      this.end(new OutboundError('bad_answer', `${target.place} does not answer in HTTP`)),
    );
    return request;
  }

  private watchConnecting(socket: Socket): void {
    const onReady = (): void =>
      this.armDeadline(this.plan.firstByteTimeoutMs, 'the connection was made, but no answer came');
    if (this.request.reusedSocket) onReady();
    else socket.once(this.plan.target.isTls ? 'secureConnect' : 'connect', onReady);
  }

  private receive(response: IncomingMessage): void {
    const { plan } = this;
    this.response = response;
    this.armDeadline(plan.timeoutMs, 'the answer did not come to its end');
    const status = response.statusCode ?? 0;
    if (status >= 300 && status < 400) {
      this.end(
        new OutboundError(
          'redirect',
          `${plan.target.place} sends on to another address (${status}): give the address where it ends`,
        ),
      );
      return;
    }
    const encoding = response.headers['content-encoding'];
    if (plan.answer === 'whole' && encoding !== undefined && encoding.toLowerCase() !== 'identity') {
      this.end(
        new OutboundError(
          'bad_answer',
          `${plan.target.place} answers packed although that was not asked for`,
        ),
      );
      return;
    }
    response.on('data', (part: Buffer) => this.take(part));
    response.on('end', () => this.succeed(false));
    response.on('error', (error) => this.end(error));
  }

  private take(part: Buffer): void {
    const room = this.plan.maxAnswerBytes - this.receivedBytes;
    this.receivedBytes += part.length;
    this.parts.push(part.length <= room ? part : part.subarray(0, room));
    if (part.length <= room) return;
    this.end(
      new OutboundError(
        'answer_too_large',
        `${this.plan.target.place} answers with more than ${this.plan.maxAnswerBytes} bytes`,
      ),
    );
  }

  private succeed(isCut: boolean): void {
    const { response } = this;
    const headers: Record<string, string> = {};
    for (const name of SHOWN_HEADERS) {
      const value = response!.headers[name];
      if (value !== undefined) headers[name] = value;
    }
    this.finish({
      status: response!.statusCode ?? 0,
      headers,
      body: Buffer.concat(this.parts),
      isCut,
      durationMs: performance.now() - this.startedAt,
    });
  }

  /** Closes the connection; what was received counts where the start of an answer is enough. */
  private end(error: unknown): void {
    const status = this.response?.statusCode ?? 0;
    const isRedirect = error instanceof OutboundError && error.code === 'redirect';
    if (this.plan.answer === 'start' && status >= 200 && !isRedirect) this.succeed(true);
    else {
      const described = describeNetworkFault(error, this.plan.target.place);
      const isStale = this.request.reusedSocket && described.code === 'reset' && this.response === undefined;
      this.fail(Object.assign(described, { isStale }));
    }
    this.request.destroy();
  }

  private armDeadline(limitMs: number, what: string): void {
    clearTimeout(this.timer);
    const leftMs = this.plan.timeoutMs - (performance.now() - this.startedAt);
    const delayMs = Math.max(0, Math.min(limitMs, leftMs));
    this.timer = setTimeout(() => {
      const seconds = Math.max(0.1, Math.round((performance.now() - this.startedAt) / 100) / 10);
      this.end(new OutboundError('timeout', `${this.plan.target.place}: ${what} within ${seconds} s`));
    }, delayMs);
  }
}
