import type { ReportBatch } from '../data/report-batch.js';
import { SERIES } from '../data/series.js';

/**
 * How a batch of several reports is laid out. Prometheus' own queue writes a TimeSeries for each sample;
 * a sender that groups writes a series once with all its samples, the cheapest to read.
 */
export type BatchShape = 'as-sent' | 'grouped';

const SAMPLE_BYTES = 22;

/**
 * Remote write 1.0: WriteRequest{timeseries=1}, TimeSeries{labels=1, samples=2}, Label{name=1, value=2},
 * Sample{double value=1, int64 timestamp=2}. The labels of a machine are encoded once.
 */
export class WriteRequestEncoder {
  private readonly labels = new Map<number, readonly Buffer[]>();

  encode({ machine, ats, rows }: ReportBatch, shape: BatchShape): Buffer {
    const labels = this.labelsOf(machine);
    const labelBytes = labels.reduce((sum, series) => sum + series.length, 0);
    const output = Buffer.allocUnsafe(ats.length * (labelBytes + SERIES.length * (SAMPLE_BYTES + 8)) + 64);
    const perSeries = shape === 'grouped' ? ats.length : 1;
    let written = 0;
    for (let first = 0; first < ats.length; first += perSeries) {
      for (let series = 0; series < SERIES.length; series++) {
        const label = labels[series]!;
        let size = label.length;
        for (let index = first; index < first + perSeries; index++) size += sampleSize(ats[index]!);
        output[written++] = 0x0a;
        written = writeVarint(output, written, size);
        written += label.copy(output, written);
        for (let index = first; index < first + perSeries; index++) {
          written = writeSample(output, written, rows[index]![series]!, ats[index]!);
        }
      }
    }
    return output.subarray(0, written);
  }

  private labelsOf(machine: number): readonly Buffer[] {
    const known = this.labels.get(machine);
    if (known) return known;
    const made = SERIES.map(({ peerName, peerLabels }) => {
      const labels: Record<string, string> = {
        __name__: peerName,
        instance: nameMachine(machine),
        job: 'machines',
        ...peerLabels,
      };
      const pairs = Object.keys(labels).sort();
      return Buffer.concat(
        pairs.map((name) => field(1, Buffer.concat([text(1, name), text(2, labels[name]!)]))),
      );
    });
    this.labels.set(machine, made);
    return made;
  }
}

/** What the peers call this machine. */
export function nameMachine(machine: number): string {
  return `machine-${String(machine).padStart(3, '0')}:9100`;
}

function writeSample(output: Buffer, written: number, value: number, at: number): number {
  output[written++] = 0x12;
  output[written++] = sampleSize(at) - 2;
  output[written++] = 0x09;
  written = output.writeDoubleLE(value, written);
  output[written++] = 0x10;
  return writeVarint(output, written, at);
}

function sampleSize(at: number): number {
  return 2 + 9 + 1 + varintSize(at);
}

function text(number: number, value: string): Buffer {
  return field(number, Buffer.from(value));
}

function field(number: number, content: Buffer): Buffer {
  const head = Buffer.alloc(6);
  head[0] = (number << 3) | 2;
  return Buffer.concat([head.subarray(0, writeVarint(head, 1, content.length)), content]);
}

function varintSize(value: number): number {
  let size = 1;
  for (; value >= 0x80; value = Math.floor(value / 0x80)) size++;
  return size;
}

/** Values up to 2^53: beyond 32 bits the shift operators cut. */
function writeVarint(output: Buffer, written: number, value: number): number {
  while (value >= 0x80) {
    output[written++] = (value % 0x80) | 0x80;
    value = Math.floor(value / 0x80);
  }
  output[written++] = value;
  return written;
}
