import { Field, Int, ObjectType } from '@nestjs/graphql';
import { Payload } from '../../common/graphql/payload.model.js';

@ObjectType('AccountSecurity', { description: 'How you sign in.' })
export class AccountSecurityModel {
  @Field({
    description:
      'Without one you sign in by a provider; where a password is asked for, a sign-in within the last ten minutes counts.',
  })
  hasPassword!: boolean;
  @Field({ description: 'Your password alone does not open.' }) hasTwoFactor!: boolean;
  @Field({
    description: 'Without a second factor you set one up the next time that you sign in with your password.',
  })
  isTwoFactorRequired!: boolean;
  @Field(() => Int, { description: 'How many recovery codes are unused.' }) recoveryCodesLeft!: number;
}

@ObjectType()
export class BeginTwoFactorPayload extends Payload {
  @Field(() => String, { nullable: true, description: 'Base32, to be typed into an app.' }) secret?: string;
  @Field(() => String, { nullable: true, description: 'The same as `otpauth://…`, for a QR code.' })
  uri?: string;
}

@ObjectType()
export class RecoveryCodesPayload extends Payload {
  @Field(() => [String], {
    nullable: true,
    description: 'Each opens once when the app is not at hand. Shown this once.',
  })
  recoveryCodes?: string[];
}

@ObjectType()
export class AccountSecurityPayload extends Payload {
  @Field(() => AccountSecurityModel, { nullable: true }) accountSecurity?: AccountSecurityModel;
}
