import { ApiProperty } from '@nestjs/swagger';
import { IsEmail, IsString, Matches, MaxLength } from 'class-validator';
import type { Role } from '../common/principal.js';

const MAX_EMAIL_LENGTH = 254;
/** 128 characters of at most two UTF-16 units each; how many characters it has is the policy's matter. */
const MAX_PASSWORD_UNITS = 256;
const SETUP_TOKEN_FORM = /^[A-Za-z0-9_-]{22}$/;

export class LoginDto {
  @ApiProperty({ format: 'email' })
  @IsEmail()
  @MaxLength(MAX_EMAIL_LENGTH)
  email!: string;

  @ApiProperty({ format: 'password' })
  @IsString()
  @MaxLength(MAX_PASSWORD_UNITS)
  password!: string;
}

export class SetupDto extends LoginDto {
  @ApiProperty({ description: 'From the one-time link on the console of the hub.' })
  @Matches(SETUP_TOKEN_FORM, { message: 'token must be the one of the set-up link' })
  token!: string;
}

export class SignedInUserDto {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty({ format: 'email' }) email!: string;
  @ApiProperty({ enum: ['admin', 'editor', 'viewer'] }) role!: Role;
}

export class SignedInDto {
  @ApiProperty({ type: SignedInUserDto }) user!: SignedInUserDto;
}
