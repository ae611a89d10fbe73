import type { CustomDefinition } from './layout.js';
import type { AgentState, HostInventory, TopProcess } from './report.js';

/** Why a report was refused; stable, part of the public contract. */
export type RejectCode =
  | 'wrong_type'
  | 'not_finite'
  | 'out_of_range'
  /** A counter beyond 2^53 − 1 given as a number; as a string of digits it is taken. */
  | 'unsafe_integer'
  | 'bad_timestamp'
  | 'timestamp_out_of_range'
  | 'bad_text'
  | 'too_long'
  | 'bad_name'
  | 'reserved_name'
  | 'duplicate_series'
  | 'too_many_series'
  | 'monitor_deleted';

export interface Rejection {
  readonly code: RejectCode;
  /** JSON pointer into the report. */
  readonly path: string;
}

/** Where a value of a report stood, and what it was judged by. */
export interface ValueOrigin {
  /** JSON pointer into the report. */
  readonly path: string;
  readonly min: number;
  readonly max: number;
  /** JSON pointer of the value that this one must not exceed, should that be there. */
  readonly notAbove?: string;
  /** Other values are judged by this one: were it another, their bounds would be others. */
  readonly isYardstick?: boolean;
}

/** A report's content, checked; keys in the order of arrival and not yet a layout. */
export interface ParsedReport {
  at: number;
  bootId: string | null;
  /** What the sender says of its own interval; null when it says nothing. */
  intervalMs: number | null;
  keys: string[];
  values: number[];
  /** Kind and unit of each custom metric, by name. */
  definitions: Record<string, CustomDefinition> | null;
  host: HostInventory | null;
  /** How the agent says that it fares. */
  agent?: AgentState;
  /** Only for those who look right now: shown, not stored. */
  isLive?: boolean;
  /** Describing texts of devices, by part and device: `storage` → `/` → `{device, fsType}`. */
  devices: Record<string, Record<string, Record<string, string>>> | null;
  /** Who is busy just now; null when the report does not say. */
  topProcesses: TopProcess[] | null;
  ignored: string[];
  /** Of each value; collected only for who learns a shape from this report. */
  origins?: ValueOrigin[] | undefined;
}
