import { Field, ID, ObjectType, registerEnumType } from '@nestjs/graphql';
import type { ApiKeyState } from '../../auth/api-key-record.js';
import { DateTimeScalar } from '../../common/graphql/scalars.js';
import { Payload } from '../../common/graphql/payload.model.js';

export const ApiKeyStateEnum: Record<string, ApiKeyState> = {
  ACTIVE: 'active',
  ROTATING: 'rotating',
  EXPIRED: 'expired',
  REVOKED: 'revoked',
};
registerEnumType(ApiKeyStateEnum, {
  name: 'ApiKeyState',
  valuesMap: {
    ROTATING: { description: 'Works until `expiresAt`; the key that takes its place works already.' },
  },
});

@ObjectType('ApiKey', { description: 'A report key, without its secret.' })
export class ApiKeyModel {
  @Field(() => ID) id!: string;
  @Field(() => String, { nullable: true }) name!: string | null;
  @Field({ description: 'Tells keys apart; no part of the secret.' }) prefix!: string;
  @Field(() => ApiKeyStateEnum) state!: ApiKeyState;
  @Field(() => DateTimeScalar) createdAt!: Date;
  @Field(() => DateTimeScalar, { nullable: true, description: 'At most a minute behind.' })
  lastUsedAt!: Date | null;
  @Field(() => String, { name: 'lastUsedAddress', nullable: true, description: 'IP address.' })
  lastUsedIp!: string | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'From then on it is refused; null = never.' })
  expiresAt!: Date | null;
  @Field(() => [String], { nullable: true, description: 'Where alone it works; null = everywhere.' })
  allowedAddresses!: readonly string[] | null;
  @Field(() => ID, { name: 'replacedById', nullable: true, description: 'The key that takes its place.' })
  replacedBy!: string | null;
  @Field(() => DateTimeScalar, { nullable: true }) revokedAt!: Date | null;
}

@ObjectType()
export class CreateApiKeyPayload extends Payload {
  @Field(() => ApiKeyModel, { nullable: true }) key?: ApiKeyModel;
  @Field(() => String, { nullable: true, description: 'The report key, shown this once.' }) apiKey?: string;
}

@ObjectType()
export class RotateApiKeyPayload extends CreateApiKeyPayload {
  @Field(() => ApiKeyModel, {
    nullable: true,
    description: 'The key that was replaced, and until when it works.',
  })
  previous?: ApiKeyModel;
}

@ObjectType()
export class ApiKeyPayload extends Payload {
  @Field(() => ApiKeyModel, { nullable: true }) key?: ApiKeyModel;
}
