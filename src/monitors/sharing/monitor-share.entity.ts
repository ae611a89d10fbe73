import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

export const SHARE_ACCESSES = ['view', 'edit'] as const;
export type ShareAccess = (typeof SHARE_ACCESSES)[number];

/** Access to one monitor, or to all with a tag, given to one user or to everybody who signs in. */
@Entity('monitor_share')
export class MonitorShare {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  /** Null for a share by tag. */
  @Column('uuid', { name: 'monitor_id', nullable: true })
  monitorId!: string | null;

  /** Null for a share of one monitor. */
  @Column('text', { nullable: true })
  tag!: string | null;

  /** By tag: whose monitors; null = everybody's. Null for a share of one monitor. */
  @Column('uuid', { name: 'owner_id', nullable: true })
  ownerId!: string | null;

  /** Who may; null = everybody who can sign in. */
  @Column('uuid', { name: 'user_id', nullable: true })
  userId!: string | null;

  @Column('text')
  access!: ShareAccess;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;
}
