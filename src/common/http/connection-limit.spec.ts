import { once } from 'node:events';
import { createServer } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import { findConnectionLimit, limitByFiles, limitConnections } from './connection-limit.js';

const describeLimit = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units     \n` +
  `Max processes             95980                95980                processes \n` +
  `Max open files            ${soft.padEnd(20)} ${soft.padEnd(20)} files     \n`;

it.each([
  ['20', 10],
  ['300', 150],
  ['1024', 824],
  ['20199', 19_999],
  ['1048576', 20_000],
  ['unlimited', 20_000],
])('of %s files %i are for connections', (soft, most) => {
  expect(limitByFiles(describeLimit(soft))).toBe(most);
});

it('this machine has room for some', () => {
  expect(findConnectionLimit()).toBeGreaterThan(0);
});

it('the connection beyond the limit is closed, those before go on, and the next gets the place of one that left', async () => {
  const warnings: string[] = [];
  const ignore = (): void => undefined;
  Logger.overrideLogger({ log: ignore, error: ignore, warn: (line: string) => warnings.push(line) });
  const server = createServer((_, response) => response.end('well'));
  limitConnections(server, 2);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const dial = async (): Promise<net.Socket> => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  const ask = async (socket: net.Socket): Promise<string> => {
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const answer = await Promise.race([once(socket, 'data').then(String), once(socket, 'close')]);
    return typeof answer === 'string' ? answer.slice(9, 12) : 'closed';
  };
  const first = await dial();
  expect(await ask(first)).toBe('200');
  const second = await dial();
  expect(await ask(second)).toBe('200');
  const third = await dial();
  expect(await ask(third)).toBe('closed');
  expect(await ask(await dial())).toBe('closed');
  expect(warnings).toEqual([expect.stringContaining('ulimit -n')]);
  expect(await ask(first)).toBe('200');
  const left = once(second, 'close');
  second.end();
  await left;
  const fourth = await dial();
  expect(await ask(fourth)).toBe('200');
  for (const socket of [first, fourth]) socket.destroy();
  server.close();
});
