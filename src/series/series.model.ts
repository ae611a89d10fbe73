import { Field, Float, ID, Int, ObjectType } from '@nestjs/graphql';
import { JsonObjectScalar, type NumberColumn, NumberColumnScalar } from '../common/graphql/scalars.js';

@ObjectType('SeriesColumn', { description: 'One series; its columns stand side by side with `timestamps`.' })
export class SeriesColumnModel {
  @Field(() => ID) monitorId!: string;
  @Field({ description: 'The metric’s name; counters come as rates per second.' }) metric!: string;
  @Field(() => JsonObjectScalar) labels!: Record<string, string>;
  @Field(() => String, { nullable: true }) unit!: string | null;
  @Field(() => NumberColumnScalar, { description: 'Of a bucket: to nine significant digits or more.' })
  mean!: NumberColumn;
  @Field(() => NumberColumnScalar) min!: NumberColumn;
  @Field(() => NumberColumnScalar) max!: NumberColumn;
  @Field(() => NumberColumnScalar, { description: 'Share of the expected samples that are there, 0–1.' })
  coverage!: NumberColumn;
}

@ObjectType('SeriesResult')
export class SeriesResultModel {
  @Field(() => NumberColumnScalar, { description: 'Epoch milliseconds.' }) timestamps!: NumberColumn;
  @Field(() => [SeriesColumnModel]) columns!: SeriesColumnModel[];
  @Field(() => Float, { description: 'What one timestamp stands for.' }) resolutionSeconds!: number;
  @Field(() => Int, { description: '0 = the samples themselves.' }) tier!: number;
}
