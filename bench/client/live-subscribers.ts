import { WebSocket } from 'ws';

const SUBSCRIBE = `subscription Live($ids: [ID!]!) { reportsReceived(monitorIds: $ids) { reports { monitorId at values } } }`;
/** The hub lets one user have ten. */
const SOCKETS = 10;

interface Message {
  readonly type: string;
  readonly payload?: {
    readonly data?: {
      readonly reportsReceived: { readonly reports: readonly { monitorId: string; at: string }[] };
    };
  };
}

/** Subscribers over graphql-transport-ws, several a socket, each of which watches one monitor. */
export class LiveSubscribers {
  private readonly sockets: WebSocket[] = [];

  private constructor() {}

  /** @param onReport called with the instant of the report, epoch milliseconds */
  static async open(
    port: number,
    cookie: string,
    monitorIds: readonly string[],
    onReport: (monitorId: string, at: number) => void,
  ): Promise<LiveSubscribers> {
    const subscribers = new LiveSubscribers();
    await Promise.all(
      Array.from({ length: Math.min(SOCKETS, monitorIds.length) }, (_, index) =>
        subscribers.openSocket(
          port,
          cookie,
          monitorIds.filter((__, monitor) => monitor % SOCKETS === index),
          onReport,
        ),
      ),
    );
    return subscribers;
  }

  close(): void {
    for (const socket of this.sockets) socket.terminate();
  }

  private openSocket(
    port: number,
    cookie: string,
    monitorIds: readonly string[],
    onReport: (monitorId: string, at: number) => void,
  ): Promise<void> {
    const origin = `http://127.0.0.1:${port}`;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', {
      headers: { cookie, origin },
    });
    this.sockets.push(socket);
    return new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('close', (code) => reject(new Error(`the hub closed the socket: ${code}`)));
      socket.on('open', () => socket.send('{"type":"connection_init"}'));
      socket.on('message', (data: Buffer) => {
        const { type, payload } = JSON.parse(data.toString()) as Message;
        if (type === 'error') reject(new Error(data.toString()));
        if (type === 'ping') socket.send('{"type":"pong"}');
        if (type === 'connection_ack') {
          monitorIds.forEach((id, index) => {
            const subscription = { query: SUBSCRIBE, variables: { ids: [id] } };
            socket.send(JSON.stringify({ id: String(index), type: 'subscribe', payload: subscription }));
          });
          resolve();
        }
        for (const report of payload?.data?.reportsReceived.reports ?? []) {
          onReport(report.monitorId, Date.parse(report.at));
        }
      });
    });
  }
}
