/** Which stored bytes are being read: what a `CorruptBlockError` names. */
export interface BlockContext {
  readonly monitorId: string;
  /** 0 = raw, 1–3 = rollups. */
  readonly tier: number;
  /** Epoch milliseconds of the block's row. */
  readonly start: number;
}
