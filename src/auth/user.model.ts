import { Field, ID, ObjectType, registerEnumType } from '@nestjs/graphql';
import { DateTimeScalar } from '../common/graphql/scalars.js';
import type { Role } from '../common/principal.js';

export const UserRoleEnum: Record<string, Role> = { ADMIN: 'admin', EDITOR: 'editor', VIEWER: 'viewer' };
registerEnumType(UserRoleEnum, { name: 'UserRole' });

@ObjectType('User', { description: 'A user, as they themselves and admins see them.' })
export class UserModel {
  @Field(() => ID) id!: string;
  @Field() email!: string;
  @Field(() => String, { nullable: true, description: 'Null: they are called by their address.' })
  name!: string | null;
  @Field(() => UserRoleEnum) role!: Role;
  @Field({ description: 'They cannot sign in.' }) isDisabled!: boolean;
  @Field(() => DateTimeScalar) createdAt!: Date;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When they last signed in.' })
  signedInAt!: Date | null;
  /** Not shown as such. */
  twoFactorSince?: Date | null;
}
