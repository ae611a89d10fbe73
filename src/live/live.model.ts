import { Field, ID, ObjectType } from '@nestjs/graphql';
import { DateTimeScalar, NumberColumnScalar } from '../common/graphql/scalars.js';

@ObjectType('LiveReport', { description: 'The newest report of a monitor, as people read it.' })
export class LiveReportModel {
  @Field(() => ID) monitorId!: string;
  @Field(() => DateTimeScalar) at!: Date;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'The report before it: where you have not seen that one, ask `series` for the hole.',
  })
  previousAt!: Date | null;
  @Field(() => [String], { description: 'Series keys, side by side with `values`.' })
  metrics!: readonly string[];
  @Field(() => NumberColumnScalar, { description: 'Counters are rates per second; null = not known.' })
  values!: Float64Array;
}

@ObjectType('LiveBatch', { description: 'The newest report of each monitor since the last batch.' })
export class LiveBatchModel {
  @Field(() => [LiveReportModel]) reports!: LiveReportModel[];
}

@ObjectType('Backfill', { description: 'Late reports of this span were stored: ask `series` for it again.' })
export class BackfillModel {
  @Field(() => ID) monitorId!: string;
  @Field(() => DateTimeScalar) from!: Date;
  @Field(() => DateTimeScalar) to!: Date;
}
