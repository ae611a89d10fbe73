/** A report as a row of `report` and `late_report`. */
export interface ReportRow {
  at: string;
  layout_id: number;
  boot_id: string | null;
  interval_ms: number;
  values: Buffer;
}

/** Copied, because the driver's buffers are neither aligned nor its own. */
export function readValues(bytes: Buffer): Float64Array {
  const values = new Float64Array(bytes.byteLength / 8);
  new Uint8Array(values.buffer).set(bytes);
  return values;
}
