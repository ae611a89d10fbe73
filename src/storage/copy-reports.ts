import { type Connection, Query } from 'pg';
import type { PendingReport } from './pending-report.js';
import { ANSWER_WITHIN_MS } from './store-statement.js';

const COPY =
  'copy report (monitor_id, at, layout_id, boot_id, interval_ms, "values") from stdin (format binary)';
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const FIELDS = 6;
/** Everything of a row but the boot id and the values: the number of fields, each one's length, uuid, int8, two int4. */
const FIXED_ROW_BYTES = 2 + FIELDS * 4 + 16 + 8 + 4 + 4;
const END_BYTES = 2;

/** What the driver's connection can do beside what its types say. */
interface CopyConnection {
  readonly stream: { cork(): void; uncork(): void };
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/**
 * Stores reports that are known to be new, in one commit: half of what the statement costs that looks for duplicates.
 * One that was there all the same fails the whole batch with a unique violation.
 *
 * The rows go out with the command, in one trip: Postgres skips them should it refuse the command itself.
 */
export class CopyReports extends Query {
  readonly query_timeout = ANSWER_WITHIN_MS;
  /** Dropped when sent: the driver keeps a query that is done reachable until the next full collection. */
  private data: Buffer | undefined;

  constructor(batch: readonly PendingReport[]) {
    super(COPY);
    this.data = encodeRows(batch);
    // Not a function written here: the engine takes one that is put into a property for long-lived (decision 0018).
    this.submit = send;
  }

  /** The rows are on their way already. */
  handleCopyInResponse(): void {}

  takeData(): Buffer {
    const data = this.data!;
    this.data = undefined;
    return data;
  }
}

/** The way that the driver sends a query, with its own connection. */
function send(this: CopyReports, driverConnection: Connection): void {
  const connection = driverConnection as unknown as CopyConnection;
  connection.stream.cork();
  connection.query(COPY);
  connection.sendCopyFromChunk(this.takeData());
  connection.endCopyFrom();
  connection.stream.uncork();
}

/** Postgres' binary COPY format, version 0: https://www.postgresql.org/docs/current/sql-copy.html */
export function encodeRows(batch: readonly PendingReport[]): Buffer {
  let size = SIGNATURE.length + END_BYTES;
  for (const { report } of batch)
    size += FIXED_ROW_BYTES + report.values.byteLength + Buffer.byteLength(report.bootId ?? '');
  const data = Buffer.allocUnsafe(size);
  let position = SIGNATURE.copy(data);
  for (const row of batch) position = writeRow(data, position, row);
  data.writeInt16BE(-1, position);
  return data;
}

function writeRow(data: Buffer, start: number, { monitorId, report }: PendingReport): number {
  const { at, layout, intervalMs, values } = report;
  let position = data.writeInt16BE(FIELDS, start);
  position = data.writeInt32BE(16, position);
  position += data.write(monitorId.replaceAll('-', ''), position, 'hex');
  position = data.writeInt32BE(8, position);
  // An instant is a whole number from 0 to 2^53: two halves cost less than a BigInt.
  position = data.writeUInt32BE(Math.floor(at / 2 ** 32), position);
  position = data.writeUInt32BE(at % 2 ** 32, position);
  position = data.writeInt32BE(4, position);
  position = data.writeInt32BE(layout.id, position);
  position = writeText(data, position, report.bootId);
  position = data.writeInt32BE(4, position);
  position = data.writeInt32BE(intervalMs, position);
  position = data.writeInt32BE(values.byteLength, position);
  // Typed arrays are little-endian on every machine that Node runs on.
  data.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), position);
  return position + values.byteLength;
}

/** Postgres keeps no empty boot id. */
function writeText(data: Buffer, start: number, text: string | null): number {
  if (!text) return data.writeInt32BE(-1, start);
  const size = data.write(text, start + 4, 'utf8');
  data.writeInt32BE(size, start);
  return start + 4 + size;
}
