import { Field, ID, ObjectType } from '@nestjs/graphql';
import { UserErrorModel } from './user-error.model.js';

/** What every mutation answers with, beside what it made. */
@ObjectType({ isAbstract: true })
export class Payload {
  @Field(() => [UserErrorModel], { description: 'Why nothing was done; empty when it was.' })
  userErrors: UserErrorModel[] = [];
}

@ObjectType()
export class DeletePayload extends Payload {
  @Field(() => ID, { nullable: true }) deletedId?: string;
}
