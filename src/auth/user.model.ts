import { Field, ID, ObjectType, registerEnumType } from '@nestjs/graphql';
import type { Role } from '../common/principal.js';

export const UserRoleEnum: Record<string, Role> = { ADMIN: 'admin', EDITOR: 'editor', VIEWER: 'viewer' };
registerEnumType(UserRoleEnum, { name: 'UserRole' });

@ObjectType('User')
export class UserModel {
  @Field(() => ID) id!: string;
  @Field() email!: string;
  @Field(() => UserRoleEnum) role!: Role;
}
