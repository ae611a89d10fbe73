import type { ConnectionsReading } from '../core/model/report.js';
import type { MachineFiles } from './machine-files.js';
import type { Probe, ProbeReading } from './probe.js';

/**
 * For /proc/net/tcp the kernel walks its whole table of connections, however few there are: some 5 ms on a
 * machine with 24 GiB. So single states are counted once in this time, and the last count is repeated.
 */
const COUNT_STATES_MS = 60_000;
/** Beyond this many sockets the states are left out. */
const MAX_SOCKETS_LISTED = 20_000;

/** Parses /proc/net/sockstat and sockstat6: `TCP: inuse 5 orphan 0 tw 2 alloc 9 mem 1` into `TCP inuse` → 5. */
export function parseSocketStats(text: string): Map<string, number> {
  const stats = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [protocol, ...fields] = line.trim().split(/[:\s]+/);
    for (let at = 0; at + 1 < fields.length; at += 2)
      stats.set(`${protocol} ${fields[at]}`, Number(fields[at + 1]));
  }
  return stats;
}

/** State numbers of include/net/tcp_states.h, and the field that counts each. */
const FIELD_OF_STATE: Readonly<Record<string, 'opening' | 'closing' | 'closeWait' | 'listening'>> = {
  '02': 'opening',
  '03': 'opening',
  '04': 'closing',
  '05': 'closing',
  '08': 'closeWait',
  '09': 'closing',
  '0A': 'listening',
  '0B': 'closing',
};

/** Counts the states of /proc/net/tcp or tcp6, see proc_pid_net(5). */
export function countStates(
  text: string,
  counts: Required<Pick<ConnectionsReading, (typeof STATES)[number]>>,
): void {
  for (const [, state] of text.matchAll(/^ *\d+: \S+ \S+ ([0-9A-F]{2}) /gm)) {
    const field = FIELD_OF_STATE[state!];
    if (field) counts[field] += 1;
  }
}

const STATES = ['opening', 'closing', 'closeWait', 'listening'] as const;

/** Sockets by state: most from the kernel's own counts, the rarer states counted once a minute. */
export class ConnectionsProbe implements Probe<'connections'> {
  readonly resource = 'connections';
  private countedAt = -Infinity;
  private states: Partial<ConnectionsReading> = {};

  constructor(
    private readonly files: MachineFiles,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  read(): ProbeReading<'connections'> {
    const four = parseSocketStats(this.files.readNetworkFile('sockstat'));
    const six = parseSocketStats(this.readQuietly('sockstat6'));
    const value: ConnectionsReading = {
      established: parseEstablished(this.readQuietly('snmp')),
      timeWait: four.get('TCP tw'),
      orphaned: four.get('TCP orphan'),
      udp: four.has('UDP inuse') ? four.get('UDP inuse')! + (six.get('UDP6 inuse') ?? 0) : undefined,
    };
    const listed = (four.get('TCP inuse') ?? 0) + (six.get('TCP6 inuse') ?? 0) + (four.get('TCP tw') ?? 0);
    const now = this.clock();
    if (now - this.countedAt >= COUNT_STATES_MS) {
      this.states = listed <= MAX_SOCKETS_LISTED ? this.countListed() : {};
      this.countedAt = now;
    }
    return { value: { ...value, ...this.states }, problems: [] };
  }

  private countListed(): Partial<ConnectionsReading> {
    const counts = { opening: 0, closing: 0, closeWait: 0, listening: 0 };
    try {
      countStates(this.files.readNetworkFile('tcp'), counts);
    } catch {
      return {};
    }
    countStates(this.readQuietly('tcp6'), counts);
    return counts;
  }

  private readQuietly(name: string): string {
    try {
      return this.files.readNetworkFile(name);
    } catch {
      // No IPv6, or a kernel that hides it.
      return '';
    }
  }
}

/** CurrEstab of /proc/net/snmp: ESTABLISHED and CLOSE_WAIT of both families, as the kernel counts them (RFC 4022). */
function parseEstablished(text: string): number | undefined {
  const [names, values] = text
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  const at = names?.indexOf('CurrEstab') ?? -1;
  return at > 0 && values?.[at] !== undefined ? Number(values[at]) : undefined;
}
