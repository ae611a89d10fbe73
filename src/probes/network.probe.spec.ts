import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openMachine } from '../../test/fixtures/machines/open-machine.js';
import { NetworkProbe, parseCounter, parseNetworkDevices } from './network.probe.js';

const HEAD = 'Inter-|\n face |\n';
const line = (name: string): string => `${name}: 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n`;
const listNames = (probe: NetworkProbe): string[] => probe.read().value?.map((one) => one.interface) ?? [];

describe('NetworkProbe', () => {
  it('sees interfaces come and go', () => {
    const machine = openMachine('small-vm');
    const probe = new NetworkProbe(machine.files);
    expect(listNames(probe)).toEqual(['eth0']);
    machine.write('proc/1/net/dev', HEAD + line('lo') + line('eth0') + line('usb0'));
    mkdirSync(join(machine.folder, 'sys/class/net/usb0/device'), { recursive: true });
    expect(listNames(probe)).toEqual(['eth0', 'usb0']);
    machine.write('proc/1/net/dev', HEAD + line('lo'));
    expect(probe.read()).toEqual({ problems: [] });
    machine.write('proc/1/net/dev', HEAD + line('lo') + line('eth0'));
    expect(listNames(probe)).toEqual(['eth0']);
    machine.remove();
  });

  it('reports a virtual interface while it is up', () => {
    const machine = openMachine('small-vm');
    const probe = new NetworkProbe(machine.files);
    machine.write('proc/1/net/dev', HEAD + line('eth0') + line('wg0'));
    mkdirSync(join(machine.folder, 'sys/class/net/wg0'));
    const setFlags = (flags: string): void =>
      writeFileSync(join(machine.folder, 'sys/class/net/wg0/flags'), flags);
    setFlags('0x90\n');
    expect(listNames(probe)).toEqual(['eth0']);
    setFlags('0x91\n');
    expect(listNames(probe)).toEqual(['eth0', 'wg0']);
    machine.remove();
  });

  it('reports an interface that is asked for by name', () => {
    const machine = openMachine('storage-box');
    expect(listNames(new NetworkProbe(machine.files, ['docker0', 'lo']))).toEqual(
      expect.arrayContaining(['lo', 'docker0', 'bond0']),
    );
    machine.remove();
  });
});

describe('parseCounter', () => {
  it('carries a counter beyond 2^53 as its digits', () => {
    expect(parseCounter('9007199254740991')).toBe(9007199254740991);
    expect(parseCounter('9007199254740993')).toBe('9007199254740993');
    expect(parseCounter('18446744073709551615')).toBe('18446744073709551615');
  });
});

it('reads a table whose numbers are glued to the name', () => {
  expect(parseNetworkDevices(`${HEAD}eth0:5 6 7 8 0 0 0 0 9 10 11 12 0 0 0 0\n`)).toEqual([
    {
      interface: 'eth0',
      bytesReceived: 5,
      packetsReceived: 6,
      errorsIn: 7,
      dropsIn: 8,
      bytesSent: 9,
      packetsSent: 10,
      errorsOut: 11,
      dropsOut: 12,
    },
  ]);
});
