import { Field, ID, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { DateTimeScalar, JsonObjectScalar } from '../../common/graphql/scalars.js';
import type { AuditActorKind } from '../../audit/audit-reader.js';

export const AuditActorKindEnum: Record<string, AuditActorKind> = {
  USER: 'user',
  TOKEN: 'token',
  KEY: 'key',
  STRANGER: 'stranger',
  HUB: 'hub',
};
registerEnumType(AuditActorKindEnum, {
  name: 'AuditActorKind',
  description: 'A user, a user’s personal token, a monitor’s key, somebody who was refused, the hub itself.',
});

@ObjectType('AuditEntry', { description: 'Something that was done, never changed afterwards.' })
export class AuditEntryModel {
  @Field(() => ID) id!: string;
  @Field(() => DateTimeScalar, { description: 'Of an entry that stands for several: of the last of them.' })
  at!: Date;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Of an entry that stands for several: of the first of them.',
  })
  since!: Date | null;
  @Field(() => Int, { description: 'How many alike this entry stands for; refusals are counted.' })
  count!: number;
  @Field({ description: 'What was done: `monitor.created`.' }) action!: string;
  @Field(() => AuditActorKindEnum) actorKind!: AuditActorKind;
  @Field(() => ID, { nullable: true, description: 'The user, also behind a token.' }) actorId!: string | null;
  @Field(() => String, { nullable: true, description: 'The user’s address as it was then.' })
  actorEmail!: string | null;
  @Field(() => ID, { nullable: true, description: 'The personal token or key that was used.' })
  credentialId!: string | null;
  @Field() targetType!: string;
  @Field(() => ID, { nullable: true }) targetId!: string | null;
  @Field(() => String, { nullable: true, description: 'Its name as it was then.' })
  targetName!: string | null;
  @Field(() => JsonObjectScalar, { nullable: true, description: 'Fields that changed; never a secret.' })
  before!: Record<string, unknown> | null;
  @Field(() => JsonObjectScalar, { nullable: true })
  after!: Record<string, unknown> | null;
  @Field(() => String, { nullable: true, description: 'IP address.' }) address!: string | null;
  @Field(() => String, { nullable: true, description: 'As in `X-Request-Id` and in the hub’s log.' })
  requestId!: string | null;
}

@ObjectType({ description: 'A part of the audit log, newest first.' })
export class AuditPage {
  @Field(() => [AuditEntryModel]) entries!: AuditEntryModel[];
  @Field(() => String, { nullable: true, description: 'For `after`; null when there is no more.' })
  endCursor!: string | null;
}
