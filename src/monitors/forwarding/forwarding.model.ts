import { Field, Float, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { ApiProperty } from '@nestjs/swagger';
import { DateTimeScalar } from '../../common/graphql/scalars.js';

export const FORWARDING_STATES = ['idle', 'sending', 'retrying', 'refused'] as const;
export type ForwardingState = (typeof FORWARDING_STATES)[number];

const ForwardingStateEnum: Record<string, ForwardingState> = {
  IDLE: 'idle',
  SENDING: 'sending',
  RETRYING: 'retrying',
  REFUSED: 'refused',
};
registerEnumType(ForwardingStateEnum, { name: 'ForwardingState' });

@ObjectType('ForwardingError', { description: 'Why a monitor’s endpoint did not take reports.' })
export class ForwardingErrorModel {
  @Field({ description: 'Stable: `timeout`, `refused`, `blocked_address`, `http_401`, `forwarding_loop` …' })
  @ApiProperty()
  code!: string;
  @Field({ description: 'What happened and what to do; names neither the endpoint nor what it answered.' })
  @ApiProperty()
  message!: string;
  @Field(() => DateTimeScalar)
  @ApiProperty({ type: String, format: 'date-time' })
  at!: Date;
}

@ObjectType('Forwarding', { description: 'How the sending on of a monitor’s reports goes.' })
export class ForwardingModel {
  @Field(() => ForwardingStateEnum, {
    description:
      'IDLE: all is sent. SENDING: it goes. RETRYING: the endpoint does not answer, or not now; it is tried again ' +
      'by itself. REFUSED: nothing is sent until somebody mends the settings or asks to try again.',
  })
  @ApiProperty({ enum: FORWARDING_STATES })
  state!: ForwardingState;
  @Field(() => Int, { description: 'Reports that wait.' })
  @ApiProperty()
  queued!: number;
  @Field(() => Float, { description: 'For how long the oldest of them waits; 0 when none does.' })
  @ApiProperty()
  lagSeconds!: number;
  @Field(() => DateTimeScalar, { nullable: true })
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastSentAt!: Date | null;
  @Field(() => ForwardingErrorModel, {
    nullable: true,
    description: 'Null since the last one that went well.',
  })
  @ApiProperty({ type: ForwardingErrorModel, nullable: true })
  lastError!: ForwardingErrorModel | null;
  @Field(() => Float, {
    description: 'Reports that waited too long and were too many, or that the endpoint refused for good.',
  })
  @ApiProperty()
  dropped!: number;
}
