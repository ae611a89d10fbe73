import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Matches, ValidateIf } from 'class-validator';
import type { Role } from '../../common/principal.js';
import { ROLES } from '../rights.js';
import { PendingStepDto, SignedInUserDto } from '../auth.dto.js';
import { IsPasswordText, IsPersonName, MAX_NAME_LENGTH } from './user.inputs.js';

const TOKEN_FORM = /^[A-Za-z0-9_-]{22}$/;

class OneTimeLinkDto {
  @ApiProperty({ description: 'From the one-time link.' })
  @Matches(TOKEN_FORM, { message: 'token must be the one of the link' })
  token!: string;

  @ApiPropertyOptional({
    format: 'password',
    description: 'Without it: only says what the link is good for.',
  })
  @ValidateIf((_, value: unknown) => value !== undefined)
  @IsPasswordText()
  password?: string;
}

export class InvitationDto extends OneTimeLinkDto {
  @ApiPropertyOptional({ minLength: 1, maxLength: MAX_NAME_LENGTH, description: 'Goes with the password.' })
  @ValidateIf(({ password }: InvitationDto) => password !== undefined)
  @IsPersonName()
  name?: string;
}

export class ResetDto extends OneTimeLinkDto {}

export class InvitationAnswerDto {
  @ApiProperty({ format: 'email' }) email!: string;
  @ApiProperty({ enum: ROLES }) role!: Role;
  @ApiPropertyOptional({ type: SignedInUserDto, description: 'Once it is accepted; signed in then.' })
  user?: SignedInUserDto;

  @ApiPropertyOptional({
    type: PendingStepDto,
    description: 'Instead, once it is accepted: the hub wants a second factor, which this step sets up.',
  })
  secondStep?: PendingStepDto | undefined;
}

export class ResetAnswerDto {
  @ApiProperty({ format: 'email' }) email!: string;
}
