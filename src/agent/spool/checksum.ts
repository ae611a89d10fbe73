import * as zlib from 'node:zlib';
import { crc32 as plainCrc32 } from '../../core/codec/crc32.js';

/** Whether Node has the checksum itself, as it does from 20.15 and 22.2 on: ten times as quick, compiled or not. */
export const isChecksumNative = typeof zlib.crc32 === 'function';

/** The CRC-32 that guards the files of the spool. */
export const crc32: (bytes: Uint8Array) => number = isChecksumNative
  ? (bytes) => zlib.crc32(bytes)
  : plainCrc32;
