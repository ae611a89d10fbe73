import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** `once`: one machine of one monitor. `fleet`: a monitor for each machine that comes with it. */
export type EnrolmentKind = 'once' | 'fleet';

@Entity('enrolment_key')
export class EnrolmentKeyEntity {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('text', { name: 'kind' })
  kind!: EnrolmentKind;

  /** Of a `once` alone. */
  @Column('uuid', { name: 'monitor_id', nullable: true })
  monitorId!: string | null;

  /** Who made it: machines enrol by this user's rights, as they are then. */
  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text', { name: 'name' })
  name!: string;

  @Column('text', { name: 'tags', array: true, default: () => "'{}'" })
  tags!: string[];

  /** How many machines may enrol; null = any number. */
  @Column('integer', { name: 'quota', nullable: true })
  quota!: number | null;

  @Column('integer', { name: 'use_count', default: 0 })
  useCount!: number;

  /** SHA-256 of the key; the key itself is kept nowhere. */
  @Column('bytea', { name: 'key_hash' })
  keyHash!: Buffer;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt!: Date | null;

  @Column('text', { name: 'last_used_address', nullable: true })
  lastUsedAddress!: string | null;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt!: Date | null;
}
