import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Matches, MaxLength, ValidateIf } from 'class-validator';
import { IsPasswordText } from '../users/user.inputs.js';

const MAX_NEXT_LENGTH = 1_000;
const isGiven = (_: object, value: unknown): boolean => value !== undefined;

export class StartDto {
  @ApiPropertyOptional({ description: 'Where on this hub to go afterwards: a path.' })
  @ValidateIf(isGiven)
  @IsString()
  @MaxLength(MAX_NEXT_LENGTH)
  next?: string;

  @ApiPropertyOptional({ description: 'The token of an invitation that is accepted by it.' })
  @ValidateIf(isGiven)
  @Matches(/^[A-Za-z0-9_-]{22}$/, { message: 'invitation must be the token of its link' })
  invitation?: string;
}

export class ConnectDto {
  @ApiProperty({ format: 'password', description: 'Empty for who has none, and has just signed in.' })
  @IsPasswordText()
  currentPassword!: string;
}

export class SetOutDto {
  @ApiProperty({ description: 'Of the provider: where the browser goes now.' }) url!: string;
}

export class SignInProviderDto {
  @ApiProperty({ description: 'What users call it.' }) label!: string;
}

export class SignInOptionsDto {
  @ApiProperty({ description: 'Whether a password opens this hub.' }) password!: boolean;

  @ApiPropertyOptional({ type: SignInProviderDto, description: 'Who else says who somebody is.' })
  provider?: SignInProviderDto;
}
