import type { IncomingMessage } from 'node:http';
import { AddressSet, isAddressOrCidr } from './address-set.js';
import { createClientAddressReader } from './client-address.js';

describe('a set of addresses', () => {
  const set = new AddressSet(['192.0.2.7', '10.1.0.0/16', '2001:db8::/32']);

  it.each([
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['10.1.255.255', true],
    ['10.2.0.0', false],
    ['::ffff:10.1.2.3', true],
    ['2001:db8:ffff::1', true],
    ['2001:db9::1', false],
    ['fe80::1%eth0', false],
    ['', false],
    ['unknown', false],
  ])('%s: %s', (address, isIn) => {
    expect(set.has(address)).toBe(isIn);
  });

  it('keeps the families apart', () => {
    expect(new AddressSet(['::/0']).has('192.0.2.7')).toBe(false);
    expect(new AddressSet(['0.0.0.0/0']).has('2001:db8::1')).toBe(false);
  });

  it('is empty when nothing was given', () => {
    expect(new AddressSet([]).has('192.0.2.7')).toBe(false);
  });

  it.each([
    '10.0.0.0/33',
    '::/129',
    '10.0.0',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'example.org',
    'fe80::1%eth0',
    '',
  ])('refuses %j', (text) => {
    expect(isAddressOrCidr(text)).toBe(false);
    expect(() => new AddressSet([text])).toThrow(RangeError);
  });
});

describe('the address of a visitor', () => {
  const request = (remoteAddress: string, forwarded?: string): IncomingMessage =>
    ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage;

  it('is the first that no trusted proxy stands for', () => {
    const read = createClientAddressReader(['127.0.0.1', '10.0.0.0/8']);
    expect(read(request('127.0.0.1', '203.0.113.1, 198.51.100.2, 10.0.0.9'))).toBe('198.51.100.2');
    expect(read(request('198.51.100.5', '203.0.113.1'))).toBe('198.51.100.5');
    expect(read(request('127.0.0.1'))).toBe('127.0.0.1');
    expect(createClientAddressReader([])(request('127.0.0.1', '203.0.113.1'))).toBe('127.0.0.1');
  });
});
