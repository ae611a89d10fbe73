import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import type { UserPrincipal } from '../common/principal.js';
import { MAX_SOCKETS_PER_USER, OpenSockets } from './open-sockets.js';

const MIB = 1024 * 1024;
const USER: UserPrincipal = { userId: 'u', email: 'kim@example.com', role: 'viewer', sessionId: 's' };

/** What matters of a socket here, with a reader as slow as the test says. */
class Reader extends EventEmitter {
  bufferedAmount = 0;
  readonly ping = (): boolean => this.emit('pong');
  readonly terminate = (): boolean => this.emit('close');
}

describe('open sockets', () => {
  const open = (sockets: OpenSockets): Reader => {
    const reader = new Reader();
    sockets.add(reader as unknown as WebSocket, USER, {}, 0);
    return reader;
  };

  it('that hold back more than 1 MiB are closed after 30 seconds, and those that catch up are not', () => {
    const sockets = new OpenSockets();
    const [stuck, slow, full] = [open(sockets), open(sockets), open(sockets)];
    full.bufferedAmount = MIB;
    for (let second = 1; second <= 31; second++) {
      stuck.bufferedAmount = MIB + 1;
      slow.bufferedAmount = second === 29 ? 0 : 5 * MIB;
      expect(sockets.size).toBe(3);
      sockets.tend(second * 1000);
    }
    expect(sockets.size).toBe(2);
  });

  it('are ten of a user, and one more when one has closed', () => {
    const sockets = new OpenSockets();
    const readers = Array.from({ length: MAX_SOCKETS_PER_USER }, () => open(sockets));
    expect([sockets.hasRoomFor('u'), sockets.hasRoomFor('another')]).toEqual([false, true]);
    readers[3]!.terminate();
    expect(sockets.hasRoomFor('u')).toBe(true);
  });
});
