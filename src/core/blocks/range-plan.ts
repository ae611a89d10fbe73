import { TIERS } from './tiers.js';

/** What is kept of a monitor in one tier: everything from `keptFrom` up to, without, `sealedUntil`. */
export interface TierExtent {
  readonly keptFrom: number;
  readonly sealedUntil: number;
}

export interface RangeRequest {
  /** Epoch milliseconds; both ends belong to the range. */
  readonly fromAt: number;
  readonly toAt: number;
  readonly maxPoints: number;
  /** By tier; undefined for a tier that the monitor does not have. */
  readonly extents: readonly (TierExtent | undefined)[];
}

export type RangeSource = 'hot' | 0 | 1 | 2 | 3;

/** [from, to) is to be read from there. */
export interface RangeSpan {
  readonly source: RangeSource;
  readonly from: number;
  readonly to: number;
}

/** Where two tiers meet, no bucket of either is cut. */
const SEAM_MS = TIERS[3].bucketMs;

/**
 * Which tiers answer which parts of a range: the coarsest whose buckets are no wider than a point; before
 * what that tier keeps the next coarser one, behind what it has sealed the next finer one, at last the hot
 * reports. Spans are in time order and leave no hole; the first begins with the bucket that holds `fromAt`.
 */
export function planRange({ fromAt, toAt, maxPoints, extents }: RangeRequest): RangeSpan[] {
  const best = pickTier((toAt - fromAt) / maxPoints, extents);
  const kept = extents.map((extent) => extent && { ...extent, keptFrom: roundUp(extent.keptFrom, SEAM_MS) });
  const seams = kept
    .flatMap((extent) => (extent ? [extent.keptFrom, extent.sealedUntil] : []))
    .filter((at) => at > fromAt && at <= toAt);
  const spans: RangeSpan[] = [];
  const edges = [fromAt, ...[...new Set(seams)].sort((a, b) => a - b), toAt + 1];
  for (let edge = 0; edge + 1 < edges.length; edge++) {
    const [from, to] = [edges[edge]!, edges[edge + 1]!];
    const source = pickSource(from, best, kept);
    const last = spans.at(-1);
    if (last?.source === source) spans[spans.length - 1] = { ...last, to };
    else spans.push({ source, from, to });
  }
  const first = spans[0]!;
  const bucketMs = first.source === 'hot' ? 0 : TIERS[first.source].bucketMs;
  if (bucketMs > 0) spans[0] = { ...first, from: first.from - (first.from % bucketMs) };
  return spans;
}

/** The coarsest tier that is fine enough. */
function pickTier(pointMs: number, extents: readonly (TierExtent | undefined)[]): number {
  for (let tier = TIERS.length - 1; tier > 0; tier--) {
    if (extents[tier] && TIERS[tier]!.bucketMs <= pointMs) return tier;
  }
  return 0;
}

function pickSource(at: number, best: number, extents: readonly (TierExtent | undefined)[]): RangeSource {
  for (let tier = best; tier < TIERS.length; tier++) {
    const extent = extents[tier];
    if (!extent) continue;
    if (at >= extent.sealedUntil) break;
    if (at >= extent.keptFrom) return tier as RangeSource;
  }
  for (let tier = best; tier >= 0; tier--) {
    const extent = extents[tier];
    if (extent && at >= extent.keptFrom && at < extent.sealedUntil) return tier as RangeSource;
  }
  return 'hot';
}

function roundUp(at: number, unit: number): number {
  return Math.ceil(at / unit) * unit;
}
