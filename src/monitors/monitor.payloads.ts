import { Field, ID, ObjectType } from '@nestjs/graphql';
import { MonitorModel } from './monitor.model.js';
import { UserErrorModel } from '../common/graphql/user-error.model.js';

@ObjectType({ isAbstract: true })
export class Payload {
  @Field(() => [UserErrorModel], { description: 'Why nothing was done; empty when it was.' })
  userErrors: UserErrorModel[] = [];
}

@ObjectType()
export class CreateMonitorPayload extends Payload {
  @Field(() => MonitorModel, { nullable: true }) monitor?: MonitorModel;
  @Field(() => String, { nullable: true, description: 'The report key, shown this once.' }) apiKey?: string;
}

@ObjectType()
export class MonitorPayload extends Payload {
  @Field(() => MonitorModel, { nullable: true }) monitor?: MonitorModel;
}

@ObjectType()
export class DeletePayload extends Payload {
  @Field(() => ID, { nullable: true }) deletedId?: string;
}
