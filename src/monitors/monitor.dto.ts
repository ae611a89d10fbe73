import { ForwardingModel } from './forwarding/forwarding.model.js';
import { RetentionModel } from './retention/retention.model.js';
import { ApiProperty } from '@nestjs/swagger';
import type { HostInventory } from '../core/model/report.js';
import { MONITOR_HEALTHS, type MonitorHealth } from './monitor-health.js';
import { MONITOR_KINDS, MONITOR_STATES, type MonitorKind, type MonitorState } from './monitor.entity.js';

/** A monitor as REST shows it. */
export class MonitorLossesDto {
  @ApiProperty({ description: 'Values of series beyond the 10,000 that a monitor may have within 24 hours.' })
  droppedValues!: number;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) droppedValuesAt!: Date | null;
  @ApiProperty({ description: 'Reports for an instant of which another report was stored before.' })
  conflicts!: number;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) conflictsAt!: Date | null;
}

export class MonitorDto {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty() version!: number;
  @ApiProperty() name!: string;
  @ApiProperty({ type: String, nullable: true }) description!: string | null;
  @ApiProperty({ type: [String] }) tags!: string[];
  @ApiProperty({ enum: MONITOR_KINDS }) kind!: MonitorKind;
  @ApiProperty() intervalSeconds!: number;
  @ApiProperty({ type: [String] }) resources!: string[];
  @ApiProperty({ enum: MONITOR_STATES }) state!: MonitorState;
  @ApiProperty({ enum: MONITOR_HEALTHS }) health!: MonitorHealth;
  @ApiProperty({ format: 'date-time' }) createdAt!: Date;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) lastReportAt!: Date | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) lastReceivedAt!: Date | null;
  @ApiProperty({ type: String, nullable: true }) lastError!: string | null;
  @ApiProperty({ type: Object, nullable: true }) host!: HostInventory | null;
  @ApiProperty({ type: RetentionModel }) retention!: RetentionModel;
  @ApiProperty({ type: MonitorLossesDto }) losses!: MonitorLossesDto;
  @ApiProperty({ type: ForwardingModel, nullable: true, description: 'Null: this monitor forwards nowhere.' })
  forwarding!: ForwardingModel | null;
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Null also for those who may not change the monitor.',
  })
  endpointUrl!: string | null;
  @ApiProperty({ description: 'Whether an endpointApiKey is set; never which.' })
  hasEndpointApiKey!: boolean;
}

export class CreatedMonitorDto {
  @ApiProperty({ type: MonitorDto }) monitor!: MonitorDto;
  @ApiProperty({ description: 'The report key, shown this once.' }) apiKey!: string;
}

export class MonitorStatusDto {
  @ApiProperty({ enum: MONITOR_STATES }) state!: MonitorState;
  @ApiProperty({ enum: MONITOR_HEALTHS }) health!: MonitorHealth;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) lastReportAt!: string | null;
  @ApiProperty({ type: String, nullable: true }) lastError!: string | null;
  @ApiProperty() intervalSeconds!: number;
  @ApiProperty({ type: ForwardingModel, nullable: true, description: 'Null: this monitor forwards nowhere.' })
  forwarding!: ForwardingModel | null;
}
