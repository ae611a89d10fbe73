import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** A machine that is off answers nothing: the next attempt finds it back sooner than the system's own would. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Destroys a socket that is not connected in time. Looking up the name is not part of it: a dead first name server
 * takes its five seconds each time.
 * @param host a name, or an address with or without brackets
 */
export function limitConnecting(socket: IncomingMessage['socket'], host = ''): void {
  if (!socket.connecting) return;
  let limit: NodeJS.Timeout | undefined;
  const begin = (): void => {
    limit = setTimeout(() => socket.destroy(new Error('no connection in time')), CONNECT_TIMEOUT_MS);
  };
  if (isIP(host.replace(/^\[|\]$/g, ''))) begin();
  else socket.once('lookup', begin);
  for (const over of ['connect', 'close']) socket.once(over, () => clearTimeout(limit));
}
