import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator';
import { IsPlainText } from '../common/is-plain-text.js';

/** A name in a report may be longer; a monitor is called by at most this. */
const MAX_HOSTNAME_LENGTH = 100;
const MAX_TOKEN_LENGTH = 200;

export class EnrolDto {
  @ApiProperty({ description: 'An enrolment token or key: `wke_…`.' })
  @IsString()
  @MaxLength(MAX_TOKEN_LENGTH)
  token!: string;

  @ApiProperty({
    minLength: 1,
    maxLength: MAX_HOSTNAME_LENGTH,
    description: 'Names the monitor that is made.',
  })
  @IsString()
  @Length(1, MAX_HOSTNAME_LENGTH)
  @IsPlainText()
  hostname!: string;

  @ApiPropertyOptional({ description: '`/proc/sys/kernel/random/boot_id`: tells a clone from its original.' })
  @IsOptional()
  @Matches(/^[\x21-\x7e]{1,128}$/, { message: 'bootId must be 1 to 128 printable characters' })
  bootId?: string;

  @ApiPropertyOptional({
    description:
      'The same whenever this machine enrols, a hash of its machine-id: it then keeps its monitor.',
  })
  @IsOptional()
  @Matches(/^[0-9a-f]{32,128}$/, { message: 'machineId must be 32 to 128 hexadecimal digits' })
  machineId?: string;
}

export class EnrolledDto {
  @ApiProperty({ format: 'uuid' }) monitorId!: string;
  @ApiProperty() monitorName!: string;
  @ApiProperty({ description: 'The report key, shown this once.' }) apiKey!: string;
  @ApiProperty({ description: 'The monitor was made by this.' }) isNew!: boolean;
}
