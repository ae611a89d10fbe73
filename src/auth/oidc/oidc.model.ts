import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { DateTimeScalar } from '../../common/graphql/scalars.js';
import { IsPasswordText } from '../users/user.inputs.js';

@ObjectType('ConnectedProvider', { description: 'A provider that says who you are.' })
export class ConnectedProviderModel {
  @Field(() => ID) id!: string;
  @Field({ description: 'What it is called.' }) label!: string;
  @Field({ description: 'It opens the hub; false for one that the hub takes no sign-ins from any more.' })
  isCurrent!: boolean;
  @Field(() => String, { nullable: true, description: 'How it last called you.' }) email!: string | null;
  @Field(() => DateTimeScalar) createdAt!: Date;
  @Field(() => DateTimeScalar, { nullable: true }) lastUsedAt!: Date | null;
}

@InputType()
export class DisconnectProviderInput {
  @Field({ description: 'Empty for who has none, and has just signed in.' })
  @IsPasswordText()
  currentPassword!: string;
}
