import { applyDecorators } from '@nestjs/common';
import { Field, InputType } from '@nestjs/graphql';
import { Transform } from 'class-transformer';
import {
  IsBoolean,
  IsEmail,
  IsIn,
  IsOptional,
  IsString,
  Length,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import { IsPlainText } from '../../common/is-plain-text.js';
import type { Role } from '../../common/principal.js';
import { ROLES } from '../rights.js';
import { UserRoleEnum } from '../user.model.js';

export const MAX_EMAIL_LENGTH = 254;
export const MAX_NAME_LENGTH = 100;
/** 128 characters of at most two UTF-16 units each; how many characters it has is the policy's matter. */
export const MAX_PASSWORD_UNITS = 256;

const trim = ({ value }: { value: unknown }): unknown => (typeof value === 'string' ? value.trim() : value);

/** The name of a person, in one line. */
export const IsPersonName = (): PropertyDecorator =>
  applyDecorators(Transform(trim), IsString(), Length(1, MAX_NAME_LENGTH), IsPlainText());

export const IsAddress = (): PropertyDecorator =>
  applyDecorators(Transform(trim), IsEmail(), MaxLength(MAX_EMAIL_LENGTH));

export const IsPasswordText = (): PropertyDecorator =>
  applyDecorators(IsString(), MaxLength(MAX_PASSWORD_UNITS));

@InputType()
export class InviteUserInput {
  @Field() @IsAddress() email!: string;
  @Field(() => UserRoleEnum) @IsIn(ROLES) role!: Role;
}

@InputType({ description: 'Absent = keep; a name of null = called by the address.' })
export class UpdateUserInput {
  @Field(() => String, { nullable: true })
  @IsOptional()
  @IsPersonName()
  name?: string | null;

  @Field(() => UserRoleEnum, { nullable: true, description: 'A new role ends the sessions of the user.' })
  @ValidateIf((_, value: unknown) => value !== undefined)
  @IsIn(ROLES)
  role?: Role;
}

@InputType()
export class UpdateProfileInput {
  @Field(() => String, { nullable: true, description: 'Null: called by the address.' })
  @IsOptional()
  @IsPersonName()
  name?: string | null;
}

@InputType()
export class ChangeEmailInput {
  @Field() @IsAddress() email!: string;
  @Field() @IsPasswordText() currentPassword!: string;
}

@InputType()
export class ChangePasswordInput {
  @Field() @IsPasswordText() currentPassword!: string;
  @Field() @IsPasswordText() newPassword!: string;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True revokes all your personal access tokens too; else they go on.',
  })
  @IsOptional()
  @IsBoolean()
  revokeAccessTokens?: boolean | null;
}
