import { Field, ID, Int, ObjectType } from '@nestjs/graphql';
import { Payload } from '../../common/graphql/payload.model.js';
import { DateTimeScalar } from '../../common/graphql/scalars.js';
import type { Role } from '../../common/principal.js';
import { UserModel, UserRoleEnum } from '../user.model.js';

@ObjectType('Invitation', { description: 'Somebody may become a user by a one-time link.' })
export class InvitationModel {
  @Field(() => ID) id!: string;
  @Field() email!: string;
  @Field(() => UserRoleEnum) role!: Role;
  @Field(() => DateTimeScalar) createdAt!: Date;
  @Field(() => DateTimeScalar, { description: 'From then on the link is void, until it is renewed.' })
  expiresAt!: Date;
}

@ObjectType('Session', { description: 'A browser in which you are signed in.' })
export class SessionModel {
  @Field(() => ID) id!: string;
  @Field(() => String, { nullable: true, description: 'Which browser and system, as it says of itself.' })
  device!: string | null;
  @Field(() => String, { nullable: true, description: 'The IP address that it was opened from.' })
  address!: string | null;
  @Field(() => DateTimeScalar) createdAt!: Date;
  @Field(() => DateTimeScalar, { description: 'At most a minute behind.' }) lastUsedAt!: Date;
  @Field(() => DateTimeScalar) expiresAt!: Date;
  @Field({ description: 'Begun by a provider, not by your password.' }) isByProvider!: boolean;
  @Field({ description: 'The one that asks.' }) isCurrent!: boolean;
}

@ObjectType()
export class UserPayload extends Payload {
  @Field(() => UserModel, { nullable: true }) user?: UserModel;
}

@ObjectType()
export class InvitationPayload extends Payload {
  @Field(() => InvitationModel, { nullable: true }) invitation?: InvitationModel;
  @Field(() => String, {
    nullable: true,
    description:
      'The one-time link, shown this once; it begins with a slash where the hub was not told its PUBLIC_URL.',
  })
  link?: string;
}

@ObjectType()
export class EndSessionsPayload extends Payload {
  @Field(() => Int, { nullable: true, description: 'How many were ended.' }) count?: number;
}
