import { Field, Float, ObjectType } from '@nestjs/graphql';

@ObjectType('StorageStatus', { description: 'The room that the hub has for samples.' })
export class StorageStatusModel {
  @Field({ description: 'No report is taken until there is room again; senders keep theirs.' })
  isFull!: boolean;

  @Field(() => Float, { nullable: true, description: 'Null where Postgres is external.' })
  freeBytes!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Reports are taken while at least this much is free. Null where Postgres is external.',
  })
  floorBytes!: number | null;
}

@ObjectType('HubStatus', { description: 'How the hub itself is.' })
export class HubStatusModel {
  @Field() storage!: StorageStatusModel;
}
