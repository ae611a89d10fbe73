import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** Whom a provider knows, connected with a user of the hub. */
@Entity('user_identity')
export class IdentityEntity {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @Column({ name: 'issuer', type: 'text' })
  issuer!: string;

  /** `sub` of the provider's tokens: with the issuer the only thing that says who it is. */
  @Column({ name: 'subject', type: 'text' })
  subject!: string;

  /** As the provider last called them, to be shown; nobody is found by it. */
  @Column({ name: 'email', type: 'text', nullable: true })
  email!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'last_used_at', type: 'timestamptz', nullable: true })
  lastUsedAt!: Date | null;
}
