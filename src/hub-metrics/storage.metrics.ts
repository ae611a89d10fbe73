import { Injectable } from '@nestjs/common';
import { BlockTable } from '../storage/block-table.js';
import { StorageSpace } from '../storage/storage-space.js';
import { DatabaseFigures } from './database-figures.js';
import { MetricsRegistry } from './metrics-registry.js';

const TIER_NAMES = ['raw', '1m', '15m', '4h'];

/** What is kept, how far it is sealed, what it takes. */
@Injectable()
export class StorageMetrics {
  constructor(registry: MetricsRegistry, figures: DatabaseFigures, blocks: BlockTable, space: StorageSpace) {
    registry.gauge('watchkeeper_late_reports', 'Late reports that are not in a block yet.', async (say) =>
      say((await figures.read()).lateReports ?? NaN),
    );
    registry.gauge(
      'watchkeeper_sealing_lag_seconds',
      'Age of the oldest report of any monitor that could not be sealed yet; about an hour when all is well.',
      async (say) => {
        const { isUp, sealedUntil } = await figures.read();
        const lag = typeof sealedUntil === 'number' ? Math.max(0, Date.now() - sealedUntil) : 0;
        say(isUp ? lag / 1000 : NaN);
      },
    );
    const sealed = (name: 'blocks' | 'samples' | 'bytes', help: string): void =>
      registry.counter(
        `watchkeeper_sealed_${name}_total`,
        help,
        (say) => blocks.sealed.forEach((count, tier) => say(count[name], { tier: TIER_NAMES[tier]! })),
        ['tier'],
      );
    sealed('blocks', 'Blocks that were written.');
    sealed('samples', 'Values in the blocks that were written.');
    sealed('bytes', 'Bytes of the blocks that were written; by samples, what a sample takes.');
    registry.gauge(
      'watchkeeper_block_bytes',
      'What sealed samples take on disk, indexes included.',
      async (say) => {
        for (const [tier, bytes] of Object.entries((await figures.read()).blockBytes ?? {}))
          say(bytes, { tier: TIER_NAMES[Number(tier)]! });
      },
      ['tier'],
    );
    registry.gauge('watchkeeper_hot_bytes', 'What reports that are not sealed take on disk.', async (say) =>
      say((await figures.read()).hotBytes ?? NaN),
    );
    registry.gauge('watchkeeper_storage_free_bytes', 'Free space of the embedded Postgres’ disk.', (say) =>
      say(space.volume?.freeBytes ?? NaN),
    );
    registry.gauge('watchkeeper_storage_floor_bytes', 'Below this no reports are taken.', (say) =>
      say(space.volume?.floorBytes ?? NaN),
    );
  }
}
