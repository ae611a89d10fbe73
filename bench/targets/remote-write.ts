import { makePost } from '../client/http-load.js';
import type { ReportBatch } from '../data/report-batch.js';
import { compressSnappy } from '../wire/snappy.js';
import { type BatchShape, WriteRequestEncoder } from '../wire/write-request.js';

const HEADERS = {
  'Content-Type': 'application/x-protobuf',
  'Content-Encoding': 'snappy',
  'X-Prometheus-Remote-Write-Version': '0.1.0',
  'User-Agent': 'watchkeeper-bench',
};

export function describeWire(shape: BatchShape): string {
  const layout =
    shape === 'grouped' ? 'a TimeSeries with all samples of its series' : 'a TimeSeries for each sample';
  return `remote write 1.0, protobuf in snappy, ${layout}`;
}

/** Makes the requests of a sender with remote write. */
export class RemoteWriteSender {
  private readonly encoder = new WriteRequestEncoder();
  private readonly shape: BatchShape;

  constructor(shape: BatchShape) {
    this.shape = shape;
  }

  encode(batch: ReportBatch): Buffer {
    return makePost('/api/v1/write', HEADERS, compressSnappy(this.encoder.encode(batch, this.shape)));
  }
}

export function judgeRemoteWrite(status: number, body: string): string | undefined {
  return status >= 200 && status < 300
    ? undefined
    : `remote write was refused: ${status} ${body.slice(0, 400)}`;
}
