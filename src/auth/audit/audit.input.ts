import { Field, InputType } from '@nestjs/graphql';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsDate, IsISO8601, IsOptional, IsString, MaxLength } from 'class-validator';
import { IsPlainText } from '../../common/is-plain-text.js';

const MAX_TEXT_LENGTH = 254;

@InputType({ isAbstract: true })
class AuditFilterFields {
  @Field(() => String, {
    nullable: true,
    description: '`monitor.created`, or `monitor` for all that was done with monitors.',
  })
  @ApiPropertyOptional({ description: '`monitor.created`, or `monitor` for all that was done with monitors' })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_TEXT_LENGTH)
  @IsPlainText()
  action?: string | null;

  @Field(() => String, { nullable: true, description: 'A user’s id, or a part of their e-mail address.' })
  @ApiPropertyOptional({ description: 'A user’s id, or a part of their e-mail address' })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_TEXT_LENGTH)
  @IsPlainText()
  actor?: string | null;

  @Field(() => String, { nullable: true })
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(MAX_TEXT_LENGTH)
  @IsPlainText()
  targetType?: string | null;

  @Field(() => String, { nullable: true })
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(MAX_TEXT_LENGTH)
  @IsPlainText()
  targetId?: string | null;
}

@InputType('AuditFilter')
export class AuditFilterInput extends AuditFilterFields {
  @Field(() => Date, { nullable: true })
  @IsOptional()
  @IsDate()
  from?: Date | null;

  @Field(() => Date, { nullable: true, description: 'Exclusive.' })
  @IsOptional()
  @IsDate()
  to?: Date | null;
}

/** Query parameters of the export. */
export class AuditExportQuery extends AuditFilterFields {
  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsISO8601({ strict: true }, { message: 'from must be an instant like 2026-01-31T00:00:00Z' })
  from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Exclusive' })
  @IsOptional()
  @IsISO8601({ strict: true }, { message: 'to must be an instant like 2026-01-31T00:00:00Z' })
  to?: string;
}
