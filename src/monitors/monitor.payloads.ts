import { Field, ID, ObjectType } from '@nestjs/graphql';
import { ApiKeyModel, MonitorModel } from './monitor.model.js';
import { UserErrorModel } from '../common/graphql/user-error.model.js';

@ObjectType({ isAbstract: true })
class Payload {
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

@ObjectType()
export class CreateApiKeyPayload extends Payload {
  @Field(() => ApiKeyModel, { nullable: true }) key?: ApiKeyModel;
  @Field(() => String, { nullable: true, description: 'The report key, shown this once.' }) apiKey?: string;
}

@ObjectType()
export class ApiKeyPayload extends Payload {
  @Field(() => ApiKeyModel, { nullable: true }) key?: ApiKeyModel;
}
