import { Field, ID, InputType, Int } from '@nestjs/graphql';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { JsonObjectScalar } from '../common/graphql/scalars.js';
import { MAX_INTERVAL_SECONDS, MIN_INTERVAL_SECONDS } from '../core/model/limits.js';
import type { Resource } from '../core/model/metric-catalog.js';
import { RESOURCES } from '../core/model/metric-catalog.js';
import { MONITOR_KINDS, type MonitorKind } from './monitor.entity.js';
import { RetentionInput } from './retention/retention.model.js';
import { IsPlainText } from '../common/is-plain-text.js';
import { MonitorHealthEnum, MonitorKindEnum } from './monitor.enums.js';
import type { MonitorHealth } from './monitor-health.js';

const MAX_NAME_LENGTH = 100;
const MAX_DESCRIPTION_LENGTH = 2_000;
const MAX_URL_LENGTH = 2_000;
const MAX_KEY_LENGTH = 500;
const MAX_TAGS = 20;
const MAX_TAG_LENGTH = 50;

const trim = ({ value }: { value: unknown }): unknown => (typeof value === 'string' ? value.trim() : value);
/** Checks a field unless it is absent: null is no value for it. */
const UnlessAbsent = (): PropertyDecorator => ValidateIf((_, value: unknown) => value !== undefined);

/**
 * The writable fields of a monitor, the same for REST and GraphQL.
 * Absent = keep (or the default), null = clear where a field can be empty.
 */
@InputType({ isAbstract: true })
export class MonitorFields {
  @Field(() => String, { nullable: true })
  @ApiPropertyOptional({ type: String, maxLength: MAX_DESCRIPTION_LENGTH, nullable: true })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_DESCRIPTION_LENGTH)
  @IsPlainText({ multiline: true })
  description?: string | null;

  @Field(() => [String], { nullable: true })
  @ApiPropertyOptional({ type: [String], maxItems: MAX_TAGS })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_TAGS)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, MAX_TAG_LENGTH, { each: true })
  @IsPlainText({ each: true })
  tags?: string[] | null;

  @Field(() => Int, { nullable: true, description: 'Seconds between two reports, 1–3600; 10 by default.' })
  @ApiPropertyOptional({ minimum: MIN_INTERVAL_SECONDS, maximum: MAX_INTERVAL_SECONDS, default: 10 })
  @UnlessAbsent()
  @IsInt()
  @Min(MIN_INTERVAL_SECONDS)
  @Max(MAX_INTERVAL_SECONDS)
  intervalSeconds?: number;

  @Field(() => [String], {
    nullable: true,
    description: `What to watch, of ${RESOURCES.join(', ')}; all by default.`,
  })
  @ApiPropertyOptional({ enum: RESOURCES, isArray: true })
  @UnlessAbsent()
  @IsArray()
  @ArrayUnique()
  @IsIn(RESOURCES, { each: true })
  resources?: Resource[];

  @Field(() => RetentionInput, {
    nullable: true,
    description: 'For how long samples are kept, within what the hub keeps; null = that.',
  })
  @ApiPropertyOptional({ type: RetentionInput, nullable: true })
  @IsOptional()
  @ValidateNested()
  @Type(() => RetentionInput)
  retention?: RetentionInput | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Every report is sent on to this address, http or https: another hub’s /api/monitoring/data, or whatever takes ' +
      'JSON. A new scheme, host or port clears the key unless it is sent again.',
  })
  @ApiPropertyOptional({ type: String, maxLength: MAX_URL_LENGTH, nullable: true })
  @IsOptional()
  @IsString()
  @Length(1, MAX_URL_LENGTH)
  @IsPlainText()
  endpointUrl?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Sent along as X-API-Key. It can be set and cleared, never read.',
  })
  @ApiPropertyOptional({ type: String, maxLength: MAX_KEY_LENGTH, nullable: true, writeOnly: true })
  @IsOptional()
  @IsString()
  @Length(1, MAX_KEY_LENGTH)
  @Matches(/^[\x21-\x7e]+$/, { message: 'endpointApiKey must be letters, digits and signs without spaces' })
  endpointApiKey?: string | null;

  // Refused with `not_available_yet` by the service until its feature exists.

  @Field(() => JsonObjectScalar, {
    nullable: true,
    description: 'Alert thresholds by metric. Not available yet.',
  })
  @ApiPropertyOptional({ type: Object, description: 'Not available yet' })
  @IsOptional()
  thresholds?: unknown;
}

@InputType()
export class CreateMonitorInput extends MonitorFields {
  @Field()
  @ApiProperty({ minLength: 1, maxLength: MAX_NAME_LENGTH })
  @Transform(trim)
  @IsString()
  @Length(1, MAX_NAME_LENGTH)
  @IsPlainText()
  name!: string;

  @Field(() => MonitorKindEnum, { nullable: true, description: 'AGENT by default.' })
  @ApiPropertyOptional({ enum: MONITOR_KINDS, default: 'agent' })
  @UnlessAbsent()
  @IsIn(MONITOR_KINDS)
  kind?: MonitorKind;
}

@InputType({ description: 'Absent = keep, null = clear.' })
export class UpdateMonitorInput extends MonitorFields {
  @Field(() => String, { nullable: true })
  @ApiPropertyOptional({ minLength: 1, maxLength: MAX_NAME_LENGTH })
  @Transform(trim)
  @UnlessAbsent()
  @IsString()
  @Length(1, MAX_NAME_LENGTH)
  @IsPlainText()
  name?: string;

  @Field(() => Int, {
    nullable: true,
    description:
      'The version that this change builds on; refused with version_conflict when someone was faster.',
  })
  @ApiPropertyOptional({ description: 'As If-Match: the version that this change builds on.' })
  @UnlessAbsent()
  @IsInt()
  version?: number;
}

@InputType()
export class MonitorFilter {
  @Field(() => [ID], { nullable: true })
  @IsOptional()
  @ArrayMaxSize(10_000)
  ids?: string[] | null;

  @Field(() => [MonitorHealthEnum], { nullable: true })
  @IsOptional()
  health?: MonitorHealth[] | null;

  @Field(() => String, { nullable: true })
  @IsOptional()
  @MaxLength(MAX_TAG_LENGTH)
  tag?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Text that the name, the description or the host name contains.',
  })
  @IsOptional()
  @MaxLength(MAX_NAME_LENGTH)
  search?: string | null;
}
