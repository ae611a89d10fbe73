import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { type LookupFunction, type Socket, connect, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AddressGuard, isSameAddress, isThisMachine } from './address-guard.js';
import { Exchange, type OutboundAnswer } from './exchange.js';
import { type ResolveName, type ResolvedAddress, createSystemLookup } from './name-lookup.js';
import { OutboundError, describeNetworkFault } from './outbound-error.js';
import { type OutboundTarget, checkHeaders, nameServer, parseTarget } from './outbound-target.js';

export type OutboundMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface OutboundRequest {
  /** http or https, without a user name or password. */
  readonly url: string | URL;
  /** `GET` where not given. */
  readonly method?: OutboundMethod;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** From the look-up of the name to the last byte; 10 s where not given. */
  readonly timeoutMs?: number;
  /** 5 s where not given. */
  readonly connectTimeoutMs?: number;
  /** From the standing connection to the answer's first byte; as long as the whole where not given. */
  readonly firstByteTimeoutMs?: number;
  /** 64 KiB where not given, 1 MiB at most. */
  readonly maxAnswerBytes?: number;
  /**
   * `whole` (where not given): an answer that is longer, or breaks off, is an error. `start`: the status is what
   * counts, as for a webhook that has taken its message; the body is cut.
   */
  readonly answer?: 'whole' | 'start';
  /** Gives the request up: `aborted`. */
  readonly signal?: AbortSignal;
}

/** A place of the hub's own that no request may reach, even where its network is allowed. */
export interface ClosedDoor {
  /** Not given: this machine, by any of its addresses. */
  readonly host?: string;
  readonly port: number;
}

export interface OutboundOptions {
  /** Addresses and CIDRs that may be reached although they are not public. */
  readonly allowedCidrs?: readonly string[];
  /** Asked anew with each request. */
  readonly closedDoors?: () => readonly ClosedDoor[];
  /** As the machine resolves names where not given. */
  readonly resolve?: ResolveName;
  /** Certificates (PEM) of the only authorities to trust; Node's own and `NODE_EXTRA_CA_CERTS` where not given. */
  readonly ca?: string;
}

const POOL = { keepAlive: true, maxSockets: 4, maxFreeSockets: 8, maxTotalSockets: 64, timeout: 30_000 };
const MAX_ANSWER_BYTES = 64 * 1024;
const LARGEST_ANSWER_BYTES = 1024 * 1024;

/**
 * The one way out for whatever a user's setting directs. Every address of the name is checked when the connection
 * is made, and the connection goes to a checked one; redirects are not followed, answers are bounded in time and
 * size and never unpacked, proxies of the environment are ignored.
 */
export class Outbound {
  private readonly guard: AddressGuard;
  private readonly resolve: ResolveName;
  private readonly closedDoors: () => readonly ClosedDoor[];
  private readonly httpAgent = new HttpAgent(POOL);
  private readonly httpsAgent = new HttpsAgent(POOL);
  private readonly ca: string | undefined;

  constructor(options: OutboundOptions = {}) {
    this.guard = new AddressGuard(options.allowedCidrs ?? []);
    this.resolve = options.resolve ?? createSystemLookup();
    this.closedDoors = options.closedDoors ?? (() => []);
    this.ca = options.ca;
  }

  /** Sends a request. Any status but a redirect is an answer. @throws OutboundError */
  async request(request: OutboundRequest): Promise<OutboundAnswer> {
    const target = this.checkUrl(request.url);
    const headers = request.headers ?? {};
    checkHeaders(headers);
    const timeoutMs = request.timeoutMs ?? 10_000;
    const start = (agent: HttpAgent | false): Promise<OutboundAnswer> =>
      new Exchange({
        target,
        method: request.method ?? 'GET',
        headers,
        body: typeof request.body === 'string' ? Buffer.from(request.body) : request.body,
        agent,
        ca: this.ca,
        lookup: this.createLookup(target),
        connectTimeoutMs: request.connectTimeoutMs ?? 5_000,
        firstByteTimeoutMs: request.firstByteTimeoutMs ?? timeoutMs,
        timeoutMs,
        maxAnswerBytes: Math.min(request.maxAnswerBytes ?? MAX_ANSWER_BYTES, LARGEST_ANSWER_BYTES),
        answer: request.answer ?? 'whole',
        signal: request.signal,
      }).outcome;
    await this.checkClosedDoors(target, isIP(target.host) === 0 ? [] : [target.host]);
    try {
      return await start(target.isTls ? this.httpsAgent : this.httpAgent);
    } catch (error) {
      if ((error as { isStale?: boolean }).isStale) return start(false);
      throw error;
    }
  }

  /**
   * What can be said of an address without asking anybody: for a form that is being saved.
   * @throws OutboundError `bad_url` or `blocked_address`
   */
  checkUrl(url: string | URL): OutboundTarget {
    const target = parseTarget(url);
    if (isIP(target.host) !== 0 && !this.guard.isAllowed(target.host)) throw blockedAddress(target.place);
    return target;
  }

  /**
   * A checked connection for protocols other than HTTP, encrypted from the start with `isTls`.
   * It is the caller's to bound what comes over it and to destroy it. @throws OutboundError
   */
  async openSocket(to: { host: string; port: number; isTls?: boolean; timeoutMs?: number }): Promise<Socket> {
    const bracketed = isIP(to.host) === 6 ? `[${to.host}]` : to.host;
    const target = this.checkUrl(`${to.isTls ? 'https' : 'http'}://${bracketed}:${to.port}/`);
    if (target.port !== to.port || target.path !== '/') {
      throw new OutboundError('bad_url', 'this is not the name of a server: write it like mail.example');
    }
    await this.checkClosedDoors(target, isIP(target.host) === 0 ? [] : [target.host]);
    const lookup = this.createLookup(target);
    const { host, port, place } = target;
    return new Promise((resolve, reject) => {
      const socket = to.isTls
        ? connectTls({ host, port, lookup, ca: this.ca, servername: nameServer(host) })
        : connect({ host, port, lookup });
      const fail = (error: unknown): void => {
        clearTimeout(deadline);
        socket.destroy();
        reject(describeNetworkFault(error, place));
      };
      const deadline = setTimeout(
        () => fail(new OutboundError('timeout', `${place}: no connection was made in time`)),
        to.timeoutMs ?? 5_000,
      );
      socket.on('error', fail);
      socket.once(to.isTls ? 'secureConnect' : 'connect', () => {
        clearTimeout(deadline);
        socket.off('error', fail);
        resolve(socket);
      });
    });
  }

  /** Closes the connections that are kept for later. */
  close(): void {
    this.httpAgent.destroy();
    this.httpsAgent.destroy();
  }

  /** Node asks it for the addresses of a name when it connects, and goes nowhere else. */
  private createLookup(target: OutboundTarget): LookupFunction {
    return (name, options, callback) => {
      this.resolveChecked(name, target).then(
        (addresses) => {
          const [first] = addresses;
          if (options.all) callback(null, addresses as ResolvedAddress[]);
          else callback(null, first!.address, first!.family);
        },
        (error: NodeJS.ErrnoException) => callback(error, []),
      );
    };
  }

  private async resolveChecked(name: string, target: OutboundTarget): Promise<readonly ResolvedAddress[]> {
    const addresses = await this.resolve(name);
    if (addresses.length === 0) throw Object.assign(new Error('no address'), { code: 'ENOTFOUND' });
    // One bad address among good ones condemns the name: nobody has such a name by chance.
    if (!addresses.every(({ address }) => this.guard.isAllowed(address))) throw blockedAddress(target.place);
    await this.checkClosedDoors(
      target,
      addresses.map(({ address }) => address),
    );
    return addresses;
  }

  private async checkClosedDoors(target: OutboundTarget, addresses: readonly string[]): Promise<void> {
    if (addresses.length === 0) return;
    for (const door of this.closedDoors()) {
      if (door.port !== target.port) continue;
      const { host } = door;
      const isOwn = host === undefined ? addresses.some(isThisMachine) : await this.isOneOf(host, addresses);
      if (isOwn)
        throw new OutboundError('blocked_address', `${target.place} is the hub itself, or its database`);
    }
  }

  private async isOneOf(host: string, addresses: readonly string[]): Promise<boolean> {
    const own = isIP(host) === 0 ? await this.resolve(host).catch(() => []) : [{ address: host }];
    return own.some(({ address }) => addresses.some((other) => isSameAddress(address, other)));
  }
}

function blockedAddress(place: string): OutboundError {
  return new OutboundError(
    'blocked_address',
    `${place} is not a public address: whoever runs the hub can allow its network in WATCHKEEPER_OUTBOUND_ALLOW_CIDRS`,
  );
}
