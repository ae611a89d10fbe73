import type { NetworkReading } from '../core/model/report.js';
import type { MachineFiles } from './machine-files.js';
import type { Probe, ProbeReading } from './probe.js';

/** What containers and virtual machines are plugged into: their traffic is counted on the real interface. */
const PLUMBING = /^(veth|docker|br-|cali|virbr|vnet|ifb)/;

const IFF_UP = 1;

/** Parses /proc/net/dev, see proc_pid_net(5): every interface with its counters since it came up. */
export function parseNetworkDevices(text: string): NetworkReading[] {
  const readings: NetworkReading[] = [];
  for (const line of text.split('\n').slice(2)) {
    // An old kernel glues the first number to the colon.
    const colon = line.lastIndexOf(':');
    if (colon < 0) continue;
    const fields = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/);
    if (fields.length < 12) continue;
    readings.push({
      interface: line.slice(0, colon).trim(),
      bytesSent: parseCounter(fields[8]!),
      bytesReceived: parseCounter(fields[0]!),
      packetsSent: parseCounter(fields[9]!),
      packetsReceived: parseCounter(fields[1]!),
      errorsIn: parseCounter(fields[2]!),
      errorsOut: parseCounter(fields[10]!),
      dropsIn: parseCounter(fields[3]!),
      dropsOut: parseCounter(fields[11]!),
    });
  }
  return readings;
}

/** A kernel's 64-bit counter: a number as long as that is exact, its digits beyond 2^53. */
export function parseCounter(digits: string): number | string {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : digits;
}

/**
 * Counters of every real interface, listed anew at each reading. Left out unless named in
 * `includeInterfaces`:
 * - loopback;
 * - plumbing (`veth*`, `docker*`, `br-*`, `cali*`, `virbr*`, `vnet*`, `ifb*`) without a device behind it:
 *   a network card that someone called `docker7` stays;
 * - members of a bond, whose bytes the bond has already;
 * - virtual interfaces that are down, such as the `tunl0` that a kernel module leaves behind.
 *
 * If that leaves none (a container on a network of such interfaces only), all but loopback are given:
 * whoever watches from there wants to see the traffic that there is.
 */
export class NetworkProbe implements Probe<'network'> {
  readonly resource = 'network';
  /** By name, for as long as the interface is listed: what is behind a name does not change under it. */
  private virtualByName = new Map<string, boolean>();

  constructor(
    private readonly files: MachineFiles,
    private readonly includeInterfaces: readonly string[] = [],
  ) {}

  read(): ProbeReading<'network'> {
    const all = parseNetworkDevices(this.files.readNetworkDevices());
    const known = this.virtualByName;
    this.virtualByName = new Map(
      all.map(({ interface: name }) => [
        name,
        known.get(name) ?? !this.files.hasSys(`class/net/${name}/device`),
      ]),
    );
    const real = all.filter(({ interface: name }) => this.isReported(name));
    const value = real.length > 0 ? real : all.filter(({ interface: name }) => name !== 'lo');
    return value.length > 0 ? { value, problems: [] } : { problems: [] };
  }

  private isReported(name: string): boolean {
    if (this.includeInterfaces.includes(name)) return true;
    if (name === 'lo') return false;
    if (this.virtualByName.get(name)) {
      return !PLUMBING.test(name) && this.isUp(name);
    }
    return !this.files.hasSys(`class/net/${name}/bonding_slave`);
  }

  private isUp(name: string): boolean {
    try {
      return (Number(this.files.readSys(`class/net/${name}/flags`)) & IFF_UP) !== 0;
    } catch {
      // Without /sys there is no telling; /proc listed it, so it is there.
      return true;
    }
  }
}
