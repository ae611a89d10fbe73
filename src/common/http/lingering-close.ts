import type { Socket } from 'node:net';

const LINGER_MS = 1_000;

/**
 * Lets the last answer on a connection reach a sender that is still sending. Closed with bytes unread, the
 * kernel resets the connection, and the answer may be thrown away before the sender has read it. So our side is
 * ended, what still comes is read and forgotten, and the connection is closed when the sender ends, or in a second.
 */
export function lingerBeforeClose(socket: Socket): void {
  socket.destroySoon = () => {
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
    socket.once('end', () => socket.destroy());
    if (socket.writable) socket.end();
    socket.resume();
  };
}
