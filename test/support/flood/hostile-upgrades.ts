import net from 'node:net';

/** The hub that is flooded, always on loopback. */
export interface FloodTarget {
  readonly port: number;
  /** Report keys that are valid. */
  readonly goodKeys: readonly string[];
  /** The hub believes X-Forwarded-For of loopback: every second visitor comes from a network of its own. */
  readonly isBehindProxy: boolean;
}

/** What is wrong with an upgrade. */
export const UPGRADE_KINDS = [
  'foreign origin',
  'no session',
  'made-up session',
  'wrong subprotocol',
  'garbage frames',
  'wrong path',
  'oversize headers',
  'half a request',
] as const;
export type UpgradeKind = (typeof UPGRADE_KINDS)[number];

const WRONG_PATHS = ['/', '/graphqlx', '/graphql?', '/api/monitoring/data', '/%67raphql', '/a/b/c'];
const MAX_HEADER_BYTES = 16 * 1024;
/** Then the attacker lets go. */
const PATIENCE_MS = 20_000;
const HALF_REQUEST_MS = 500;

/**
 * One hostile upgrade on a connection of its own.
 * @returns when the connection is gone, how it ended: the status of the answer (`101` with what the frame says, when it
 *   was let in), `closed` or `reset` without one, or `left` when the hub had to be left
 */
export function attemptUpgrade(target: FloodTarget, kind: UpgradeKind, index: number): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    let fault: string | undefined;
    let isLeft = false;
    const socket = net.connect(target.port, '127.0.0.1');
    const patience = setTimeout(
      () => {
        isLeft = true;
        socket.resetAndDestroy();
      },
      kind === 'half a request' ? HALF_REQUEST_MS : PATIENCE_MS,
    );
    socket.on('connect', () => socket.write(writeUpgrade(target, kind, index)));
    socket.on('data', (chunk) => {
      if (answer.length < 4096) answer += chunk.toString('latin1');
    });
    socket.on(
      'error',
      (error: NodeJS.ErrnoException) => (fault = error.code === 'ECONNRESET' ? 'reset' : error.code),
    );
    socket.on('close', () => {
      clearTimeout(patience);
      const ending = describeEnding(answer);
      if (isLeft) resolve(ending ? `${ending} left` : 'left');
      else resolve(ending ?? fault ?? 'closed');
    });
  });
}

/** `403`; `101 4408` with the code of the close frame behind the handshake. */
function describeEnding(answer: string): string | undefined {
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1];
  if (status !== '101') return status;
  const frames = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  const close = frames.lastIndexOf('\u0088');
  if (close < 0 || close + 4 > frames.length) return status;
  return `${status} ${frames.charCodeAt(close + 2) * 256 + frames.charCodeAt(close + 3)}`;
}

function writeUpgrade(target: FloodTarget, kind: UpgradeKind, index: number): string | Buffer {
  const own = `http://127.0.0.1:${target.port}`;
  const path = kind === 'wrong path' ? WRONG_PATHS[index % WRONG_PATHS.length]! : '/graphql';
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${target.port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Sec-WebSocket-Protocol: ${kind === 'wrong subprotocol' ? 'graphql-ws' : 'graphql-transport-ws'}`,
    ...describeVisitor(target, index),
  ];
  if (kind === 'foreign origin')
    lines.push('Origin: https://evil.example', `Cookie: session=${makeUpSession(index)}`);
  if (kind === 'made-up session') lines.push(`Origin: ${own}`, `Cookie: session=${makeUpSession(index)}`);
  if (kind === 'wrong path') lines.push(`Origin: ${own}`);
  if (kind === 'oversize headers') lines.push(`X-Padding: ${'x'.repeat(MAX_HEADER_BYTES)}`);
  const head = `${lines.join('\r\n')}\r\n`;
  if (kind === 'half a request') return head;
  if (kind !== 'garbage frames') return `${head}\r\n`;
  const frames = Buffer.from(Array.from({ length: 64 }, (_, at) => (at * 37 + index) % 256));
  return Buffer.concat([Buffer.from(`${head}\r\n`), frames]);
}

/** 256 bits that nobody was given. */
function makeUpSession(index: number): string {
  return Buffer.from(`made up ${index}`.padEnd(32, '.')).toString('base64url');
}

/** Every second one comes from a network of its own, the others all from one. */
export function describeVisitor({ isBehindProxy }: FloodTarget, index: number): string[] {
  if (!isBehindProxy) return [];
  const number = index % 2 === 0 ? index / 2 : 0;
  return [`X-Forwarded-For: 198.${18 + ((number >> 16) % 2)}.${(number >> 8) % 256}.${number % 256}`];
}
