import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { Role } from '../common/principal.js';

@Entity('app_user')
export class UserEntity {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  /** As typed by its owner; looked up without regard to case. */
  @Column({ name: 'email', type: 'text' })
  email!: string;

  /** Null: they are called by their address. */
  @Column({ name: 'name', type: 'text', nullable: true })
  name!: string | null;

  /** Null: they have no password, and sign in by a provider. */
  @Column({ name: 'password_hash', type: 'text', select: false, nullable: true })
  passwordHash!: string | null;

  @Column({ name: 'role', type: 'text' })
  role!: Role;

  @Column({ name: 'is_disabled', type: 'boolean', default: false })
  isDisabled!: boolean;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'signed_in_at', type: 'timestamptz', nullable: true })
  signedInAt!: Date | null;

  /** Since when the password alone does not open; null: it does. */
  @Column({ name: 'two_factor_since', type: 'timestamptz', nullable: true })
  twoFactorSince!: Date | null;
}
