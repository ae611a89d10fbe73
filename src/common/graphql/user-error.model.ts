import { Field, ObjectType } from '@nestjs/graphql';

@ObjectType('UserError', { description: 'A refusal that the caller can do something about.' })
export class UserErrorModel {
  @Field({ description: 'Stable, for programs.' }) code!: string;
  @Field({ description: 'A sentence for people.' }) message!: string;
  @Field(() => String, { nullable: true, description: 'The field of the input, if it lies in one.' })
  path?: string;
}
