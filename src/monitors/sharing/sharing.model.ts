import { Field, ID, InputType, ObjectType, registerEnumType } from '@nestjs/graphql';
import { IsBoolean, IsIn, IsOptional, IsUUID } from 'class-validator';
import { PersonModel } from '../../auth/users/person.model.js';
import { DateTimeScalar } from '../../common/graphql/scalars.js';
import { Payload } from '../../common/graphql/payload.model.js';
import { SHARE_ACCESSES, type ShareAccess } from './monitor-share.entity.js';

export const ShareAccessEnum: Record<string, ShareAccess> = { VIEW: 'view', EDIT: 'edit' };
registerEnumType(ShareAccessEnum, { name: 'ShareAccess' });

@ObjectType('MonitorShare', { description: 'Access to one monitor, or to all with a tag.' })
export class MonitorShareModel {
  @Field(() => ID) id!: string;
  @Field(() => ID, { nullable: true, description: 'Null for a share by tag.' }) monitorId!: string | null;
  @Field(() => String, { nullable: true, description: 'Null for a share of one monitor.' })
  tag!: string | null;
  @Field({ description: 'By tag: also the monitors of other owners.' }) ofEveryOwner!: boolean;
  @Field(() => PersonModel, { nullable: true, description: 'Null: everybody who can sign in.' })
  person!: PersonModel | null;
  @Field(() => ShareAccessEnum) access!: ShareAccess;
  @Field(() => DateTimeScalar) createdAt!: Date;
}

@InputType({ description: 'Either `userId` or `everyone: true`.' })
export class ShareInput {
  @Field(() => ID, { nullable: true })
  @IsOptional()
  @IsUUID()
  userId?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Everybody who can sign in.' })
  @IsOptional()
  @IsBoolean()
  everyone?: boolean | null;

  @Field(() => ShareAccessEnum)
  @IsIn(SHARE_ACCESSES)
  access!: ShareAccess;
}

@ObjectType()
export class SharePayload extends Payload {
  @Field(() => MonitorShareModel, { nullable: true }) share?: MonitorShareModel;
}
