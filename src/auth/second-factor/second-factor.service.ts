import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { SealedColumns, type SealedColumn } from '../../common/secret-box/sealed-columns.js';
import { HUB_CONFIG, type HubConfig } from '../../config/hub-config.js';
import type { Role } from '../../common/principal.js';
import { DomainError } from '../../core/errors.js';
import { CLOCK, type Clock } from '../clock.js';
import { createRecoveryCodes, hashRecoveryCode } from './recovery-codes.js';
import { buildTotpUri, createTotpSecret, findTimeStep, isTotpCode } from './totp.js';

/** A second factor that is being set up; it counts once a code of it was right. */
export interface Enrolment {
  /** Base32, for whoever cannot scan. */
  readonly secret: string;
  /** `otpauth://…` */
  readonly uri: string;
}

export type SecondFactor = 'app' | 'recoveryCode';

/** The second factors of users: a secret shared with an app (TOTP), and recovery codes for when that is lost. */
@Injectable()
export class SecondFactorService {
  private readonly secrets: SealedColumn;

  constructor(
    private readonly dataSource: DataSource,
    columns: SealedColumns,
    @Inject(HUB_CONFIG) private readonly config: Pick<HubConfig, 'publicOrigin' | 'requireTwoFactor'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.secrets = columns.declare('app_user', 'totp_secret');
  }

  /** Whether the hub wants a second factor beside the password of users with this role. */
  isRequired(role: Role): boolean {
    const who = this.config.requireTwoFactor ?? 'off';
    return who === 'all' || (who === 'admins' && role === 'admin');
  }

  /** Stores nothing. */
  createEnrolment(email: string): Enrolment {
    const secret = createTotpSecret();
    const { publicOrigin } = this.config;
    const issuer = publicOrigin ? `Watchkeeper ${new URL(publicOrigin).hostname}` : 'Watchkeeper';
    return { secret, uri: buildTotpUri(secret, issuer, email) };
  }

  /** Turns it on where the code is right, and returns the recovery codes; undefined where it is wrong. */
  async enable(
    userId: string,
    secret: string,
    code: string,
    manager: EntityManager,
  ): Promise<string[] | undefined> {
    const step = findTimeStep(secret, tidy(code), this.clock());
    if (step === undefined) return undefined;
    const [, changed] = await manager.query<[unknown, number]>(
      `update app_user set two_factor_since = $2, totp_secret = $3, totp_last_step = $4
        where id = $1 and two_factor_since is null`,
      [userId, new Date(this.clock()), this.secrets.seal(userId, secret), step],
    );
    if (changed !== 1) throw new DomainError('conflict', 'You have a second factor already.');
    return this.replaceCodes(userId, manager);
  }

  async disable(userId: string, manager: EntityManager): Promise<void> {
    await manager.query(
      'update app_user set two_factor_since = null, totp_secret = null, totp_last_step = null where id = $1',
      [userId],
    );
    await manager.query('delete from recovery_code where user_id = $1', [userId]);
  }

  /**
   * Uses a code up: each opens once, whichever kind it is. Undefined where it is wrong, or was used.
   * @throws DomainError `conflict` where no key of the hub opens the user's secret any more
   */
  async use(userId: string, typed: string, manager: EntityManager): Promise<SecondFactor | undefined> {
    const code = tidy(typed);
    if (isTotpCode(code)) return (await this.useAppCode(userId, code, manager)) ? 'app' : undefined;
    const codeHash = hashRecoveryCode(code);
    if (!codeHash) return undefined;
    const [, used] = await manager.query<[unknown, number]>(
      'delete from recovery_code where user_id = $1 and code_hash = $2',
      [userId, codeHash],
    );
    return used === 1 ? 'recoveryCode' : undefined;
  }

  /** New recovery codes; those before are void. */
  async replaceCodes(userId: string, manager: EntityManager): Promise<string[]> {
    const codes = createRecoveryCodes();
    await manager.query('delete from recovery_code where user_id = $1', [userId]);
    await manager.query('insert into recovery_code (user_id, code_hash) select $1, unnest($2::bytea[])', [
      userId,
      codes.map(hashRecoveryCode),
    ]);
    return codes;
  }

  async countCodes(userId: string): Promise<number> {
    const [row] = await this.dataSource.query<[{ count: number }]>(
      'select count(*)::integer as count from recovery_code where user_id = $1',
      [userId],
    );
    return row.count;
  }

  private async useAppCode(userId: string, code: string, manager: EntityManager): Promise<boolean> {
    const [row] = await manager.query<{ sealed: Buffer | null }[]>(
      'select totp_secret as sealed from app_user where id = $1',
      [userId],
    );
    if (!row?.sealed) return false;
    const secret = this.secrets.open(userId, row.sealed);
    if (secret === undefined) {
      throw new DomainError(
        'conflict',
        'The hub cannot read your second factor any more. Use a recovery code, or ask an admin to reset it.',
      );
    }
    const step = findTimeStep(secret, code, this.clock());
    if (step === undefined) return false;
    const [, used] = await manager.query<[unknown, number]>(
      `update app_user set totp_last_step = $2
        where id = $1 and (totp_last_step is null or totp_last_step < $2)`,
      [userId, step],
    );
    return used === 1;
  }
}

/** Apps show `123 456`. */
function tidy(code: string): string {
  return code.replace(/\s/g, '');
}
