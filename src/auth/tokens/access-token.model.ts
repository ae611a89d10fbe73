import { Field, ID, InputType, ObjectType, registerEnumType } from '@nestjs/graphql';
import { Transform } from 'class-transformer';
import { IsDate, IsIn, IsOptional, IsString, Length } from 'class-validator';
import { Payload } from '../../common/graphql/payload.model.js';
import { DateTimeScalar } from '../../common/graphql/scalars.js';
import { IsPlainText } from '../../common/is-plain-text.js';
import type { TokenScope } from '../../common/principal.js';

export const TokenScopeEnum: Record<string, TokenScope> = { READ: 'read', MANAGE: 'manage' };
registerEnumType(TokenScopeEnum, {
  name: 'AccessTokenScope',
  valuesMap: {
    READ: { description: 'Whatever you may see.' },
    MANAGE: { description: 'Whatever you may do, but for passwords, sessions, tokens and other users.' },
  },
});

const MAX_NAME_LENGTH = 100;

@ObjectType('AccessToken', { description: 'A personal access token, without its secret.' })
export class AccessTokenModel {
  @Field(() => ID) id!: string;
  @Field() name!: string;
  @Field(() => TokenScopeEnum) scope!: TokenScope;
  @Field({ description: 'Tells tokens apart; no part of the secret.' }) prefix!: string;
  @Field() isExpired!: boolean;
  @Field(() => DateTimeScalar) createdAt!: Date;
  @Field(() => DateTimeScalar, { nullable: true, description: 'Null = never.' }) expiresAt!: Date | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'At most a minute behind.' })
  lastUsedAt!: Date | null;
  @Field(() => String, { nullable: true, description: 'IP address.' }) lastUsedAddress!: string | null;
  @Field(() => DateTimeScalar, { nullable: true }) revokedAt!: Date | null;
}

@InputType()
export class CreateAccessTokenInput {
  @Field({ description: 'What it is for.' })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsString()
  @Length(1, MAX_NAME_LENGTH)
  @IsPlainText()
  name!: string;

  @Field(() => TokenScopeEnum)
  @IsIn(Object.values(TokenScopeEnum))
  scope!: TokenScope;

  @Field(() => Date, {
    nullable: true,
    description: 'A year ahead at most; in 90 days when it is left out; null = never.',
  })
  @IsOptional()
  @IsDate()
  expiresAt?: Date | null;
}

@ObjectType()
export class CreateAccessTokenPayload extends Payload {
  @Field(() => AccessTokenModel, { nullable: true }) accessToken?: AccessTokenModel;
  @Field(() => String, { nullable: true, description: 'The token itself, shown this once.' }) token?: string;
}

@ObjectType()
export class AccessTokenPayload extends Payload {
  @Field(() => AccessTokenModel, { nullable: true }) accessToken?: AccessTokenModel;
}
