import { Field, ObjectType } from '@nestjs/graphql';
import { Payload } from '../common/graphql/payload.model.js';

@ObjectType('EndpointTest', { description: 'What a monitor’s endpoint answered to a test.' })
export class EndpointTestModel {
  @Field({ description: 'Whether reports would be taken there.' })
  isWell!: boolean;
  @Field({
    description:
      'Stable: `hub` (another Watchkeeper that knows the key), `taken` (it took a test message), else as `lastError` of ' +
      '`forwarding` has it: `timeout`, `refused`, `blocked_address`, `http_401` …',
  })
  code!: string;
  @Field({ description: 'What happened and what to do; names neither the endpoint nor what it answered.' })
  message!: string;
}

@ObjectType()
export class TestForwardingPayload extends Payload {
  @Field(() => EndpointTestModel, { nullable: true }) test?: EndpointTestModel;
}
