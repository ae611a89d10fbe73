import { Field, Float, ID, Int, ObjectType } from '@nestjs/graphql';
import { DateTimeScalar, JsonObjectScalar, NumberColumnScalar } from '../common/graphql/scalars.js';
import type { MetricKind } from '../core/model/metric-catalog.js';
import { MetricKindEnum, MonitorHealthEnum, MonitorKindEnum, MonitorStateEnum } from './monitor.enums.js';
import type { MonitorHealth } from './monitor-health.js';
import { ForwardingModel } from './forwarding/forwarding.model.js';
import { RetentionModel } from './retention/retention.model.js';
import type { MonitorKind, MonitorState } from './monitor.entity.js';

@ObjectType('HostInventory', { description: 'What a machine is, as its agent tells.' })
export class HostInventoryModel {
  @Field(() => String, { nullable: true }) hostname?: string;
  @Field(() => String, { nullable: true }) os?: string;
  @Field(() => String, { nullable: true }) kernel?: string;
  @Field(() => String, { nullable: true }) arch?: string;
  @Field(() => String, { nullable: true }) cpuModel?: string;
  @Field(() => Int, { nullable: true }) cores?: number;
  @Field(() => String, { nullable: true }) agentVersion?: string;
}

@ObjectType('SeriesInfo', { description: 'A series that a monitor has.' })
export class SeriesInfoModel {
  @Field({ description: 'How the series is asked for: storage.usedBytes{mount="/"}' }) key!: string;
  @Field() name!: string;
  @Field(() => JsonObjectScalar) labels!: Record<string, string>;
  @Field(() => String, { nullable: true }) unit!: string | null;
  @Field(() => MetricKindEnum) kind!: MetricKind;
  @Field({ description: 'A metric that the sender defines, in the part `custom` of its reports.' })
  isCustom!: boolean;
}

@ObjectType('LatestValues', { description: 'The newest report of a monitor, as people read it.' })
export class LatestValuesModel {
  @Field(() => ID) monitorId!: string;
  @Field(() => DateTimeScalar, { description: 'When the values were read, on the machine’s clock.' })
  at!: Date;
  @Field(() => DateTimeScalar, { description: 'When the hub received them.' }) receivedAt!: Date;
  @Field(() => [String], { description: 'Series keys, side by side with `values`.' })
  metrics!: readonly string[];
  @Field(() => NumberColumnScalar, { description: 'Counters are rates per second; null = not known.' })
  values!: Float64Array;
}

@ObjectType('AgentState', { description: 'How an agent fares, as it said last.' })
export class AgentStateModel {
  @Field(() => Float, {
    nullable: true,
    description: 'The hub’s clock minus the machine’s, in milliseconds: positive when the machine is behind.',
  })
  clockOffsetMs?: number;
  @Field(() => Boolean, {
    nullable: true,
    description: 'Its reports carry the hub’s time, as the machine’s is more than ten minutes off.',
  })
  isClockCorrected?: boolean;
  @Field(() => Float, {
    nullable: true,
    description: 'Reports that it had to give up before the hub got them.',
  })
  droppedReports?: number;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it gave up the last of them.' })
  droppedReportsAt?: Date | null;
  @Field(() => Float, { nullable: true, description: 'Reports that the hub refused for good.' })
  refusedReports?: number;
  @Field(() => String, {
    nullable: true,
    description:
      'Why it keeps waiting reports in memory only, as its system says it (ENOSPC); null when all is well.',
  })
  spoolProblem?: string;
}

@ObjectType('MonitorLosses', { description: 'What a monitor sent and the hub did not keep, ever since.' })
export class MonitorLossesModel {
  @Field(() => Float, {
    description: 'Values of series beyond the 10,000 that a monitor may have within 24 hours.',
  })
  droppedValues!: number;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When the last of them came.' })
  droppedValuesAt!: Date | null;
  @Field(() => Float, {
    description: 'Reports for an instant of which a report with other content was stored before.',
  })
  conflicts!: number;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When the last of them came.' })
  conflictsAt!: Date | null;
}

@ObjectType('TopProcess', { description: 'All processes of one name together.' })
export class TopProcessModel {
  @Field({ description: 'The kernel’s short name of the program.' }) name!: string;
  @Field(() => Int) count!: number;
  @Field(() => Float, { nullable: true, description: 'Of the whole machine.' }) cpuPercent?: number;
  @Field(() => Float, { nullable: true, description: 'Resident memory.' }) memoryBytes?: number;
}

@ObjectType('TopProcesses', { description: 'Who was busy on a machine when it last told; no history.' })
export class TopProcessesModel {
  @Field(() => DateTimeScalar) at!: Date;
  @Field(() => [TopProcessModel]) processes!: readonly TopProcessModel[];
}

@ObjectType('ReportingBoot', { description: 'A start of a machine that reports as a monitor.' })
export class ReportingBootModel {
  @Field() bootId!: string;
  @Field(() => String, { nullable: true, description: 'The IP address that its last report came from.' })
  address!: string | null;
}

@ObjectType('IdentityConflict', {
  description: 'Two machines report as one, taking turns: one is a clone of the other, or has its key.',
})
export class IdentityConflictModel {
  @Field(() => DateTimeScalar) since!: Date;
  @Field(() => [ReportingBootModel]) boots!: readonly ReportingBootModel[];
}

@ObjectType('Monitor', { description: 'One watched machine.' })
export class MonitorModel {
  @Field(() => ID) id!: string;
  @Field(() => Int, { description: 'Grows with every change; send it back to change what you saw.' })
  version!: number;
  @Field() name!: string;
  @Field(() => String, { nullable: true }) description!: string | null;
  @Field(() => [String]) tags!: string[];
  @Field(() => MonitorKindEnum) kind!: MonitorKind;
  @Field(() => Int) intervalSeconds!: number;
  @Field(() => [String]) resources!: string[];
  @Field(() => MonitorStateEnum) state!: MonitorState;
  @Field(() => MonitorHealthEnum) health!: MonitorHealth;
  @Field(() => DateTimeScalar) createdAt!: Date;
  @Field(() => DateTimeScalar, { nullable: true, description: 'The instant of the newest report.' })
  lastReportAt!: Date | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When the hub last received a report.' })
  lastReceivedAt!: Date | null;
  @Field(() => String, { nullable: true }) lastError!: string | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'When its agent last said that its end was meant: without a report since, it is OFF, not DOWN.',
  })
  lastGoodbyeAt!: Date | null;
  @Field(() => AgentStateModel, { nullable: true }) agent!: AgentStateModel | null;
  @Field(() => HostInventoryModel, { nullable: true }) host!: HostInventoryModel | null;
  @Field(() => RetentionModel) retention!: RetentionModel;
  @Field(() => MonitorLossesModel) losses!: MonitorLossesModel;
  @Field(() => ForwardingModel, { nullable: true, description: 'Null: this monitor forwards nowhere.' })
  forwarding!: ForwardingModel | null;
  @Field(() => IdentityConflictModel, {
    nullable: true,
    description: 'Until `clearIdentityConflict`; null when all is well.',
  })
  identityConflict!: IdentityConflictModel | null;
}
