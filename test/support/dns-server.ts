import { createSocket } from 'node:dgram';
import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { ResolvedAddress, ResolveName } from '../../src/common/outbound/name-lookup.js';

const TYPE_A = 1;
const TYPE_AAAA = 28;

/** A name server of the test's own, over UDP: what each name has may change between two questions. */
export class DnsServer {
  /** Names that were asked for, in order, once for each record type. */
  readonly questions: string[] = [];
  private readonly socket = createSocket('udp4');
  private readonly answers = new Map<string, string[][]>();

  static async start(): Promise<DnsServer> {
    const server = new DnsServer();
    server.socket.on('message', (message, from) => {
      const answer = server.answer(message);
      if (answer) server.socket.send(answer, from.port, from.address);
    });
    await new Promise<void>((resolve) => server.socket.bind(0, '127.0.0.1', resolve));
    return server;
  }

  /** Each list answers one look-up (of both families); the last one all that follow. None: the server is silent. */
  set(name: string, ...answers: string[][]): void {
    this.answers.set(name, answers);
  }

  /** Asks this server alone, as a resolver does. */
  createResolve(): ResolveName {
    const resolver = new dns.Resolver({ timeout: 400, tries: 1 });
    resolver.setServers([`127.0.0.1:${(this.socket.address() as AddressInfo).port}`]);
    return async (name) => {
      const found: ResolvedAddress[] = [];
      const v4 = await resolver.resolve4(name).catch(ignoreNoData);
      const v6 = await resolver.resolve6(name).catch(ignoreNoData);
      for (const address of v4) found.push({ address, family: 4 });
      for (const address of v6) found.push({ address, family: 6 });
      const list = this.answers.get(name);
      if (list && list.length > 1) list.shift();
      return found;
    };
  }

  stop(): void {
    this.socket.close();
  }

  private answer(query: Buffer): Buffer | undefined {
    const labels: string[] = [];
    let offset = 12;
    while (query[offset] !== 0) {
      labels.push(query.toString('latin1', offset + 1, offset + 1 + query[offset]!));
      offset += query[offset]! + 1;
    }
    const type = query.readUInt16BE(offset + 1);
    const question = query.subarray(12, offset + 5);
    const name = labels.join('.');
    this.questions.push(name);
    const current = this.answers.get(name)?.[0];
    if (current === undefined) return undefined;
    const family = type === TYPE_A ? 4 : type === TYPE_AAAA ? 6 : 0;
    const records = current.filter((address) => isIP(address) === family).map(writeRecord);
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    return Buffer.concat([header, question, ...records]);
  }
}

function writeRecord(address: string): Buffer {
  const data = isIP(address) === 4 ? Buffer.from(address.split('.').map(Number)) : writeIPv6(address);
  const record = Buffer.alloc(12);
  record.writeUInt16BE(0xc00c, 0);
  record.writeUInt16BE(data.length === 4 ? TYPE_A : TYPE_AAAA, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt16BE(data.length, 10);
  return Buffer.concat([record, data]);
}

function writeIPv6(address: string): Buffer {
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail = ''] = plain.split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function ignoreNoData(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENODATA') return [];
  throw error;
}
