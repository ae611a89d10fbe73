import { Query, Resolver } from '@nestjs/graphql';
import { StorageSpace } from '../storage/storage-space.js';
import { HubStatusModel } from './hub-status.model.js';

@Resolver()
export class HubStatusResolver {
  constructor(private readonly space: StorageSpace) {}

  @Query(() => HubStatusModel, { description: 'How the hub itself is; read from memory, cheap to ask.' })
  hubStatus(): HubStatusModel {
    const { isFull, volume } = this.space;
    return {
      storage: { isFull, freeBytes: volume?.freeBytes ?? null, floorBytes: volume?.floorBytes ?? null },
    };
  }
}
