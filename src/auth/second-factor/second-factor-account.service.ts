import { Inject, Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditLog } from '../../audit/audit-log.js';
import type { UserPrincipal } from '../../common/principal.js';
import { DomainError } from '../../core/errors.js';
import { EventBus } from '../../events/event-bus.js';
import { assertMayOnHub } from '../assert-right.js';
import { CLOCK, type Clock } from '../clock.js';
import { LruMap } from '../lru-map.js';
import { PasswordProof } from '../password-proof.js';
import { SessionService } from '../session.service.js';
import { UserEntity } from '../user.entity.js';
import { describeTwoFactor } from './describe-two-factor.js';
import { type Enrolment, SecondFactorService } from './second-factor.service.js';

const ENROLMENT_LIFE_MS = 15 * 60_000;
const MAX_ENROLMENTS = 1_000;

/** What users do with their own second factor, and admins with that of others. */
@Injectable()
export class SecondFactorAccountService {
  /** By session; not in the database before a first code of it was right. */
  private readonly enrolments = new LruMap<string, { secret: string; expiresAt: number }>(MAX_ENROLMENTS);

  constructor(
    private readonly dataSource: DataSource,
    private readonly proof: PasswordProof,
    private readonly factors: SecondFactorService,
    private readonly sessions: SessionService,
    private readonly events: EventBus,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** A new secret for the user's app. It counts once `confirm` has seen a code of it. */
  async begin(user: UserPrincipal, currentPassword: string): Promise<Enrolment> {
    const { twoFactorSince } = await this.findUser(user);
    if (twoFactorSince !== null) {
      throw new DomainError('conflict', 'You have a second factor already. Turn it off first.');
    }
    await this.proof.assert(user, currentPassword);
    const enrolment = this.factors.createEnrolment(user.email);
    const expiresAt = this.clock() + ENROLMENT_LIFE_MS;
    this.enrolments.set(user.sessionId, { secret: enrolment.secret, expiresAt });
    return enrolment;
  }

  /** Ends the user's other sessions, which were opened by the password alone. Returns the recovery codes. */
  async confirm(user: UserPrincipal, code: string): Promise<string[]> {
    const enrolment = this.enrolments.get(user.sessionId);
    if (!enrolment || this.clock() >= enrolment.expiresAt) {
      throw new DomainError('conflict', 'This took too long. Begin again.');
    }
    const { codes, endedIds } = await this.dataSource.transaction(async (manager) => {
      const codes = await this.factors.enable(user.userId, enrolment.secret, code, manager);
      if (!codes) {
        throw new DomainError(
          'invalid_input',
          'This code is not right. Enter the one that the app shows now.',
          'code',
        );
      }
      await this.audit.record(describeTwoFactor(toTarget(user), true), user, manager);
      return { codes, endedIds: await this.sessions.deleteOf(user.userId, manager, user.sessionId) };
    });
    this.enrolments.delete(user.sessionId);
    this.announce(endedIds);
    return codes;
  }

  /** Takes the password and a code: a session that was left open is not enough. */
  async disable(user: UserPrincipal, currentPassword: string, code: string): Promise<void> {
    await this.withProof(user, currentPassword, code, async (manager) => {
      await this.factors.disable(user.userId, manager);
      await this.audit.record(describeTwoFactor(toTarget(user), false), user, manager);
    });
    this.announce([]);
  }

  /** New recovery codes; those before are void. */
  async renewCodes(user: UserPrincipal, currentPassword: string, code: string): Promise<string[]> {
    return this.withProof(user, currentPassword, code, async (manager) => {
      await this.audit.record(
        {
          action: 'user.recoveryCodesRenewed',
          targetType: 'user',
          targetId: user.userId,
          targetName: user.email,
        },
        user,
        manager,
      );
      return this.factors.replaceCodes(user.userId, manager);
    });
  }

  /** For a user who has lost theirs: the password alone opens again, and every session of theirs is over. */
  async reset(admin: UserPrincipal, userId: string): Promise<UserEntity> {
    assertMayOnHub(admin, 'manageUsers', 'Only admins may manage users.');
    if (admin.userId === userId) {
      throw new DomainError('conflict', 'Turn off your own second factor on your profile, with a code.');
    }
    const { user, endedIds } = await this.dataSource.transaction(async (manager) => {
      const user = isUUID(userId)
        ? await manager.findOne(UserEntity, { where: { id: userId }, lock: { mode: 'pessimistic_write' } })
        : null;
      if (!user) throw new DomainError('not_found', 'There is no such user.');
      if (user.twoFactorSince === null) return { user, endedIds: [] };
      await this.factors.disable(userId, manager);
      await this.audit.record(
        { ...describeTwoFactor(user, false), action: 'user.twoFactorReset' },
        admin,
        manager,
      );
      user.twoFactorSince = null;
      return { user, endedIds: await this.sessions.deleteOf(userId, manager) };
    });
    this.announce(endedIds);
    return user;
  }

  /** For the user's profile. */
  async describe(user: UserPrincipal) {
    const { twoFactorSince } = await this.findUser(user);
    return {
      hasPassword: await this.proof.hasPassword(user.userId),
      hasTwoFactor: twoFactorSince !== null,
      isTwoFactorRequired: this.factors.isRequired(user.role),
      recoveryCodesLeft: await this.factors.countCodes(user.userId),
    };
  }

  /** A wrong code counts as a wrong password does. */
  private async withProof<Result>(
    user: UserPrincipal,
    currentPassword: string,
    code: string,
    work: (manager: EntityManager) => Promise<Result>,
  ): Promise<Result> {
    const { twoFactorSince } = await this.findUser(user);
    if (twoFactorSince === null) throw new DomainError('conflict', 'You have no second factor.');
    const attempt = await this.proof.try(user, currentPassword);
    const result = await this.dataSource
      .transaction(async (manager) => {
        if (!(await this.factors.use(user.userId, code, manager))) return undefined;
        return { value: await work(manager) };
      })
      .catch(async (error: unknown) => {
        await attempt.withdraw();
        throw error;
      });
    if (!result) {
      throw new DomainError('invalid_input', 'This code is not right, or was used before.', 'code');
    }
    await attempt.succeed();
    return result.value;
  }

  private async findUser({ userId }: UserPrincipal): Promise<UserEntity> {
    const user = await this.dataSource.manager.findOneBy(UserEntity, { id: userId });
    if (!user) throw new DomainError('not_found', 'There is no such user.');
    return user;
  }

  private announce(endedIds: readonly string[]): void {
    for (const sessionId of endedIds) this.events.announce('session.ended', { sessionId });
    this.events.announce('access.changed', {});
  }
}

function toTarget({ userId, email }: UserPrincipal): { id: string; email: string } {
  return { id: userId, email };
}
