import { Field, ObjectType } from '@nestjs/graphql';
import { Payload } from '../common/graphql/payload.model.js';
import { MonitorModel } from './monitor.model.js';

@ObjectType()
export class CreateMonitorPayload extends Payload {
  @Field(() => MonitorModel, { nullable: true }) monitor?: MonitorModel;
  @Field(() => String, { nullable: true, description: 'The report key, shown this once.' }) apiKey?: string;
}

@ObjectType()
export class MonitorPayload extends Payload {
  @Field(() => MonitorModel, { nullable: true }) monitor?: MonitorModel;
}
