import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { RetentionDays } from '../core/blocks/retention.js';
import type { Resource } from '../core/model/metric-catalog.js';
import type { SeenBoot } from './boot-sequence.js';
import type { AgentState, HostInventory } from '../core/model/report.js';

export const MONITOR_KINDS = ['local', 'agent'] as const;
export type MonitorKind = (typeof MONITOR_KINDS)[number];
export const MONITOR_STATES = ['running', 'stopped'] as const;
export type MonitorState = (typeof MONITOR_STATES)[number];

/** What a machine says of itself beside its samples. */
export interface MonitorInventory {
  host?: HostInventory;
  agent?: AgentState;
  /** Describing texts of devices, by part and device name. */
  devices?: Record<string, Record<string, Record<string, string>>>;
}

/** Two machines report as one monitor: what is known of each. */
export interface IdentityConflict {
  /** Instant, ISO 8601. */
  readonly since: string;
  readonly boots: readonly SeenBoot[];
}

/** Postgres gives a bigint as text; a count is a number. */
const COUNT = { from: Number, to: (value: unknown) => value };

/** One watched machine. */
@Entity('monitor')
export class Monitor {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  /** Null only for the local monitor of a hub that has no admin yet. */
  @Column('uuid', { name: 'owner_id', nullable: true })
  ownerId!: string | null;

  @Column('text')
  name!: string;

  @Column('text', { nullable: true })
  description!: string | null;

  @Column('text', { array: true, default: () => "'{}'" })
  tags!: string[];

  @Column('text')
  kind!: MonitorKind;

  @Column('integer', { name: 'interval_seconds' })
  intervalSeconds!: number;

  @Column('text', { array: true })
  resources!: Resource[];

  @Column('text', { default: 'running' })
  state!: MonitorState;

  @Column('jsonb', { default: () => "'{}'" })
  inventory!: MonitorInventory;

  @Column('text', { name: 'last_error', nullable: true })
  lastError!: string | null;

  /** When its agent last said that its end was meant. */
  @Column('timestamptz', { name: 'last_goodbye_at', nullable: true })
  lastGoodbyeAt!: Date | null;

  /** For how many days samples are kept, where it is less than the hub keeps. */
  @Column('jsonb', { default: () => "'{}'" })
  retention!: Partial<RetentionDays>;

  /** Where every report goes on to. */
  @Column('text', { name: 'endpoint_url', nullable: true })
  endpointUrl!: string | null;

  /** The key for that, sealed. */
  @Column('bytea', { name: 'endpoint_api_key', nullable: true })
  endpointApiKey!: Buffer | null;

  /** Values that were left out because the monitor had too many series, and when the last was. */
  @Column('bigint', { name: 'dropped_value_count', default: 0, transformer: COUNT })
  droppedValueCount!: number;

  @Column('timestamptz', { name: 'dropped_value_at', nullable: true })
  droppedValueAt!: Date | null;

  /** Reports for instants of which another report is stored, and when the last came. */
  @Column('bigint', { name: 'conflict_count', default: 0, transformer: COUNT })
  conflictCount!: number;

  @Column('timestamptz', { name: 'conflict_at', nullable: true })
  conflictAt!: Date | null;

  /** Set when two machines take turns as this one, until a user says that it is mended. */
  @Column('jsonb', { name: 'identity_conflict', nullable: true })
  identityConflict!: IdentityConflict | null;

  /** Grows with every change of a writable field or the state: what `If-Match` compares. */
  @Column('integer', { default: 1 })
  version!: number;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at', default: () => 'now()' })
  updatedAt!: Date;
}
