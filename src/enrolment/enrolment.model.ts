import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsDate,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
} from 'class-validator';
import { Payload } from '../common/graphql/payload.model.js';
import { DateTimeScalar } from '../common/graphql/scalars.js';
import { IsPlainText } from '../common/is-plain-text.js';

const MAX_NAME_LENGTH = 100;
const MAX_TAGS = 20;
const MAX_TAG_LENGTH = 50;
const MAX_QUOTA = 100_000;

@ObjectType('AgentInstaller', { description: 'What the line that installs an agent needs to know.' })
export class AgentInstallerModel {
  @Field(() => String, {
    nullable: true,
    description: 'The hub’s PUBLIC_URL, without a slash at its end; null where it has none.',
  })
  url!: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Of a hub with a certificate of its own: its key’s pin, `sha256//…`, for curl and the agent.',
  })
  pin!: string | null;
  @Field(() => [String], {
    description:
      'Architectures for which the hub has a Node.js to give, as `uname -m` says: x86_64, aarch64.',
  })
  nodeFor!: string[];
}

@ObjectType('EnrolmentKey', { description: 'A key by which many machines enrol, without its secret.' })
export class EnrolmentKeyModel {
  @Field(() => ID) id!: string;
  @Field() name!: string;
  @Field({ description: 'Tells keys apart; no part of the secret.' }) prefix!: string;
  @Field(() => [String], { description: 'Of each monitor that it makes.' }) tags!: string[];
  @Field(() => Int, { nullable: true, description: 'How many monitors it may make; null = any number.' })
  quota!: number | null;
  @Field(() => Int, { description: 'How many monitors it made.' }) useCount!: number;
  @Field() isExpired!: boolean;
  @Field({ description: 'Who made it; the monitors are theirs.' }) createdBy!: string;
  @Field(() => DateTimeScalar) createdAt!: Date;
  @Field(() => DateTimeScalar) expiresAt!: Date;
  @Field(() => DateTimeScalar, { nullable: true }) lastUsedAt!: Date | null;
  @Field(() => String, { nullable: true, description: 'IP address.' }) lastUsedAddress!: string | null;
  @Field(() => DateTimeScalar, { nullable: true }) revokedAt!: Date | null;
}

@InputType()
export class CreateEnrolmentKeyInput {
  @Field({ description: 'What it is for.' })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsString()
  @Length(1, MAX_NAME_LENGTH)
  @IsPlainText()
  name!: string;

  @Field(() => [String], { nullable: true, description: 'Of each monitor that it makes.' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_TAGS)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, MAX_TAG_LENGTH, { each: true })
  @IsPlainText({ each: true })
  tags?: string[] | null;

  @Field(() => Int, { nullable: true, description: 'How many monitors it may make; null = any number.' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_QUOTA)
  quota?: number | null;

  @Field(() => Date, { nullable: true, description: 'A year ahead at most; in 7 days when it is left out.' })
  @IsOptional()
  @IsDate()
  expiresAt?: Date | null;
}

@ObjectType()
export class CreateEnrolmentTokenPayload extends Payload {
  @Field(() => String, { nullable: true, description: 'The one-time token, shown this once.' })
  token?: string;
  @Field(() => DateTimeScalar, { nullable: true }) expiresAt?: Date;
}

@ObjectType()
export class CreateEnrolmentKeyPayload extends Payload {
  @Field(() => EnrolmentKeyModel, { nullable: true }) enrolmentKey?: EnrolmentKeyModel;
  @Field(() => String, { nullable: true, description: 'The key itself, shown this once.' }) token?: string;
}

@ObjectType()
export class EnrolmentKeyPayload extends Payload {
  @Field(() => EnrolmentKeyModel, { nullable: true }) enrolmentKey?: EnrolmentKeyModel;
}
