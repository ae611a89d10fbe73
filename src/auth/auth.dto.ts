import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsString, Matches, MaxLength } from 'class-validator';
import type { Role } from '../common/principal.js';
import type { SecondStep } from './second-factor/second-step.service.js';

const MAX_EMAIL_LENGTH = 254;
/** 128 characters of at most two UTF-16 units each; how many characters it has is the policy's matter. */
const MAX_PASSWORD_UNITS = 256;
const PENDING_TOKEN_FORM = /^[A-Za-z0-9_-]{43}$/;
/** A recovery code with blanks or dashes between its letters. */
export const MAX_CODE_LENGTH = 40;
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

export class EnrolmentDto {
  @ApiProperty({ description: 'Base32, to be typed into an app.' }) secret!: string;
  @ApiProperty({ description: 'The same as `otpauth://…`, for a QR code.' }) uri!: string;
}

export class PendingStepDto {
  @ApiProperty({ description: 'For `POST /api/auth/second-step`.' }) token!: string;
  @ApiProperty({ format: 'date-time' }) expiresAt!: string;
  @ApiPropertyOptional({
    type: EnrolmentDto,
    description: 'The user has to have a second factor and has none: the first code of this one sets it up.',
  })
  enrolment?: EnrolmentDto | undefined;
}

/** The second step of a sign-in, as it is told to whoever has to take it. */
export function toPendingStep({ pendingToken, expiresAt, enrolment }: SecondStep): PendingStepDto {
  return { token: pendingToken, expiresAt: new Date(expiresAt).toISOString(), enrolment };
}

export class SecondStepDto {
  @ApiProperty({ description: 'Of `secondStep` of the sign-in.' })
  @Matches(PENDING_TOKEN_FORM, { message: 'token must be the one of the sign-in' })
  token!: string;

  @ApiProperty({ description: 'Six digits of the app, or a recovery code.' })
  @IsString()
  @MaxLength(MAX_CODE_LENGTH)
  code!: string;
}

export class SignedInDto {
  @ApiPropertyOptional({ type: SignedInUserDto, description: 'Who is signed in now.' })
  user?: SignedInUserDto;

  @ApiPropertyOptional({
    type: PendingStepDto,
    description: 'Instead: the password was right, and a code is due.',
  })
  secondStep?: PendingStepDto | undefined;

  @ApiPropertyOptional({
    type: [String],
    description: 'Of a second factor that was just set up, shown this once.',
  })
  recoveryCodes?: string[] | undefined;
}
