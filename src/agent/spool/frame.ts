import { crc32 } from './checksum.js';
/**
 * One report in a segment of the spool, little-endian:
 *
 *   0  magic      4 bytes, "WKrp": where to look for the next frame behind damage
 *   4  crc32      u32, of everything from byte 8 on
 *   8  length     u32, bytes of the payload
 *  12  sequence   f64, a whole number, grows with every report of this spool
 *  20  at         f64, the report's instant, epoch milliseconds
 *  28  payload    the report's JSON in UTF-8, as it will travel
 */
const MAGIC = Buffer.from('WKrp', 'latin1');
const HEADER_BYTES = 28;
const CHECKED_FROM = 8;

export interface SpooledReport {
  readonly sequence: number;
  readonly at: number;
  /** Never changes after the report was measured, `at` least of all. */
  readonly json: string;
}

/** Where a whole frame lies within the bytes that were scanned. */
export interface FrameRef {
  readonly sequence: number;
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

export interface FrameScan {
  /** Every frame whose checksum holds, before and after any damage. */
  readonly frames: readonly FrameRef[];
  /** Behind the last whole frame. */
  readonly goodEnd: number;
  /** Something between or behind the frames is no frame. A frame cut off at the very end alone is none. */
  readonly isDamaged: boolean;
}

export function encodeFrame({ sequence, at, json }: SpooledReport): Buffer {
  const length = Buffer.byteLength(json);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  MAGIC.copy(frame);
  frame.writeUInt32LE(length, 8);
  frame.writeDoubleLE(sequence, 12);
  frame.writeDoubleLE(at, 20);
  frame.write(json, HEADER_BYTES, 'utf8');
  frame.writeUInt32LE(crc32(frame.subarray(CHECKED_FROM)), 4);
  return frame;
}

export function readPayload(bytes: Buffer, { start, end }: FrameRef): string {
  return bytes.toString('utf8', start + HEADER_BYTES, end);
}

export function scanFrames(bytes: Buffer): FrameScan {
  const frames: FrameRef[] = [];
  let goodEnd = 0;
  let isDamaged = false;
  let at = 0;
  while (at !== -1 && at < bytes.length) {
    const frame = readFrame(bytes, at);
    if (!frame) {
      at = bytes.indexOf(MAGIC, at + 1);
      continue;
    }
    if (frame.start !== goodEnd) isDamaged = true;
    frames.push(frame);
    at = goodEnd = frame.end;
  }
  if (goodEnd < bytes.length && !isCutOff(bytes, goodEnd)) isDamaged = true;
  return { frames, goodEnd, isDamaged };
}

function readFrame(bytes: Buffer, start: number): FrameRef | undefined {
  if (start + HEADER_BYTES > bytes.length || bytes.compare(MAGIC, 0, 4, start, start + 4) !== 0) {
    return undefined;
  }
  const end = start + HEADER_BYTES + bytes.readUInt32LE(start + 8);
  if (end > bytes.length) return undefined;
  if (crc32(bytes.subarray(start + CHECKED_FROM, end)) !== bytes.readUInt32LE(start + 4)) return undefined;
  return { sequence: bytes.readDoubleLE(start + 12), at: bytes.readDoubleLE(start + 20), start, end };
}

/** What a process that was killed within a write leaves behind: the beginning of a frame, and no more. */
function isCutOff(bytes: Buffer, start: number): boolean {
  const left = bytes.length - start;
  const begin = Math.min(left, MAGIC.length);
  if (bytes.compare(MAGIC, 0, begin, start, start + begin) !== 0) return false;
  return left < HEADER_BYTES || HEADER_BYTES + bytes.readUInt32LE(start + 8) > left;
}
