import { Field, Float, InputType, Int, ObjectType } from '@nestjs/graphql';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, Min } from 'class-validator';
import type { RetentionDays } from '../../core/blocks/retention.js';

const TEXTS = {
  rawDays: 'Days for which every report is kept as it came.',
  oneMinuteDays: 'Days for which a point a minute is kept.',
  fifteenMinuteDays: 'Days for which a point each quarter of an hour is kept.',
  fourHourDays: 'Days for which a point each four hours is kept.',
};

@ObjectType('Retention', { description: 'For how long samples are kept.' })
export class RetentionModel implements RetentionDays {
  @Field(() => Int, { description: TEXTS.rawDays })
  @ApiProperty({ description: TEXTS.rawDays })
  rawDays!: number;

  @Field(() => Int, { description: TEXTS.oneMinuteDays })
  @ApiProperty({ description: TEXTS.oneMinuteDays })
  oneMinuteDays!: number;

  @Field(() => Int, { description: TEXTS.fifteenMinuteDays })
  @ApiProperty({ description: TEXTS.fifteenMinuteDays })
  fifteenMinuteDays!: number;

  @Field(() => Int, { description: TEXTS.fourHourDays })
  @ApiProperty({ description: TEXTS.fourHourDays })
  fourHourDays!: number;
}

const Days = (text: string): PropertyDecorator => {
  const decorators = [
    Field(() => Int, { nullable: true, description: text }),
    ApiPropertyOptional({ type: Number, nullable: true, description: text }),
    IsOptional(),
    IsInt(),
    Min(1),
  ];
  return (target, name) => decorators.forEach((decorate) => decorate(target, name));
};

@InputType({ description: 'Absent or null = as long as the hub keeps samples at all.' })
export class RetentionInput {
  @Days(TEXTS.rawDays) rawDays?: number | null;
  @Days(TEXTS.oneMinuteDays) oneMinuteDays?: number | null;
  @Days(TEXTS.fifteenMinuteDays) fifteenMinuteDays?: number | null;
  @Days(TEXTS.fourHourDays) fourHourDays?: number | null;
}

@ObjectType({ description: 'What one resolution of a monitor’s samples takes.' })
export class TierEstimate {
  @Field(() => Int, { description: 'Width of a point; 0 = the reports themselves.' })
  resolutionSeconds!: number;

  @Field(() => Int) days!: number;

  @Field(() => Float, { description: 'Bytes on disk now.' })
  bytes!: number;

  @Field(() => Float, {
    nullable: true,
    description: 'Bytes when all these days are full, at what the monitor sends today; null: not known yet.',
  })
  expectedBytes!: number | null;
}

@ObjectType({ description: 'What a retention would cost, before it is set.' })
export class RetentionEstimate {
  @Field(() => [TierEstimate], { description: 'Finest first.' }) tiers!: TierEstimate[];
  @Field(() => RetentionModel, { description: 'The least that can be set.' }) least!: RetentionModel;
  @Field(() => RetentionModel, { description: 'What the hub keeps: the most that can be set.' })
  most!: RetentionModel;
}
