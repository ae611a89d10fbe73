import { Field, InputType } from '@nestjs/graphql';
import { IsString, MaxLength } from 'class-validator';
import { MAX_CODE_LENGTH } from '../auth.dto.js';
import { IsPasswordText } from '../users/user.inputs.js';

@InputType()
export class BeginTwoFactorInput {
  @Field() @IsPasswordText() currentPassword!: string;
}

@InputType()
export class ConfirmTwoFactorInput {
  @Field({ description: 'The six digits that the app shows.' })
  @IsString()
  @MaxLength(MAX_CODE_LENGTH)
  code!: string;
}

@InputType({ description: 'A session that was left open is not enough for this.' })
export class ProveTwoFactorInput extends BeginTwoFactorInput {
  @Field({ description: 'Of the app, or a recovery code.' })
  @IsString()
  @MaxLength(MAX_CODE_LENGTH)
  code!: string;
}
