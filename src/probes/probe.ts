import type { Resource } from '../core/model/metric-catalog.js';
import type { Report } from '../core/model/report.js';

/** What one reading gave: a part of the report, and in words what could not be measured. */
export interface ProbeReading<Part extends Resource = Resource> {
  /** Left out when there is nothing to report; never filled with zeros. */
  value?: Report[Part];
  /** One sentence each; an empty list means that all went well. */
  problems: string[];
}

/**
 * Reads one resource of this machine. A probe starts no process, changes nothing and keeps its own
 * baseline, so that two readers with different intervals never shorten each other's window.
 * `read` may throw: the collector names the failure and goes on with the other probes.
 */
export interface Probe<Part extends Resource = Resource> {
  readonly resource: Part;
  read(): ProbeReading<Part> | Promise<ProbeReading<Part>>;
  /** Takes a baseline without giving a reading. */
  prime?(): void;
  /** Drops the baseline: the resource was not watched for a while. */
  forget?(): void;
  close?(): void;
}
