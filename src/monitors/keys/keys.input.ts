import { Field, InputType, Int } from '@nestjs/graphql';
import {
  ArrayMaxSize,
  IsArray,
  IsDate,
  IsInt,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import {
  DEFAULT_OVERLAP_HOURS,
  MAX_ALLOWED_ADDRESSES,
  MAX_OVERLAP_HOURS,
} from '../../auth/api-key.service.js';
import { IsPlainText } from '../../common/is-plain-text.js';

const MAX_NAME_LENGTH = 100;
const MAX_ADDRESS_LENGTH = 49;

@InputType({ isAbstract: true })
class ApiKeyFields {
  @Field(() => String, { nullable: true })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_NAME_LENGTH)
  @IsPlainText()
  name?: string | null;

  @Field(() => Date, { nullable: true, description: 'From then on the key is refused; null = never.' })
  @IsOptional()
  @IsDate()
  expiresAt?: Date | null;

  @Field(() => [String], {
    nullable: true,
    description: 'IP addresses and CIDRs from which alone the key works; null = from everywhere.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ALLOWED_ADDRESSES)
  @IsString({ each: true })
  @MaxLength(MAX_ADDRESS_LENGTH, { each: true })
  allowedAddresses?: string[] | null;
}

@InputType()
export class CreateApiKeyInput extends ApiKeyFields {}

@InputType({ description: 'Absent = keep, null = clear.' })
export class UpdateApiKeyInput extends ApiKeyFields {}

@InputType()
export class RotateApiKeyInput {
  @Field(() => Int, {
    defaultValue: DEFAULT_OVERLAP_HOURS,
    description: 'For how long the old key works beside the new one, 0–168 hours.',
  })
  @IsInt()
  @Min(0)
  @Max(MAX_OVERLAP_HOURS)
  overlapHours: number = DEFAULT_OVERLAP_HOURS;
}
