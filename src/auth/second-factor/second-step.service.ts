import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditLog } from '../../audit/audit-log.js';
import type { Role } from '../../common/principal.js';
import { DomainError } from '../../core/errors.js';
import { LoginLimiter } from '../limits/login-limiter.js';
import type { Visitor } from '../session.service.js';
import { type SignedIn, SignIns, toRequestOrigin } from '../sign-ins.js';
import type { UserEntity } from '../user.entity.js';
import { UserService } from '../user.service.js';
import { describeTwoFactor } from './describe-two-factor.js';
import { type PendingSignIn, PendingSignIns } from './pending-sign-ins.js';
import { type Enrolment, SecondFactorService } from './second-factor.service.js';

/** The password was right, and does not open alone. */
export interface SecondStep {
  /** Opens the second step, for five minutes. */
  readonly pendingToken: string;
  /** Epoch ms. */
  readonly expiresAt: number;
  /** Set for a user who has to have a second factor and has none: they set it up with a first code. */
  readonly enrolment?: Enrolment;
}

export interface SignedInByCode extends SignedIn {
  /** Of a second factor that was just set up. */
  readonly recoveryCodes?: string[];
}

/** As the audit log names them. */
const FACTORS = { app: 'app', recoveryCode: 'recovery code' } as const;

/** What comes after the password, for users who have a second factor or have to have one. */
@Injectable()
export class SecondStepService {
  constructor(
    private readonly users: UserService,
    private readonly limiter: LoginLimiter,
    private readonly factors: SecondFactorService,
    private readonly pending: PendingSignIns,
    private readonly signIns: SignIns,
    private readonly dataSource: DataSource,
    private readonly audit: AuditLog,
  ) {}

  isDue({ twoFactorSince, role }: { readonly twoFactorSince: Date | null; readonly role: Role }): boolean {
    return twoFactorSince !== null || this.factors.isRequired(role);
  }

  /** @param isByProvider a provider took the place of the password */
  begin({ id, email, passwordHash, twoFactorSince }: UserEntity, isByProvider = false): SecondStep {
    const enrolment = twoFactorSince === null ? this.factors.createEnrolment(email) : undefined;
    const { token, expiresAt } = this.pending.add({
      userId: id,
      email,
      passwordHash,
      ...(enrolment && { enrolmentSecret: enrolment.secret }),
      ...(isByProvider && { isByProvider }),
    });
    return { pendingToken: token, expiresAt, ...(enrolment && { enrolment }) };
  }

  /**
   * Signs in by a code of the user's app or a recovery code; or by the first code of what is set up now, which is
   * answered with recovery codes. Wrong codes count as wrong passwords do.
   * @throws DomainError `unauthenticated` where the password has to be given again, `invalid_input` for a wrong code
   */
  async finish(token: string, code: string, visitor: Visitor): Promise<SignedInByCode> {
    const taken = this.pending.take(token);
    if (!taken) throw refuseToken();
    const { pending, putBack } = taken;
    const attempt = await this.limiter.begin(pending.email, visitor.ip).catch((error: unknown) => {
      putBack(false);
      this.signIns.noteRefusal(pending.email, visitor);
      throw error;
    });
    const signedIn = await this.dataSource
      .transaction((manager) => this.signInWith(pending, code, visitor, manager))
      .catch(async (error: unknown) => {
        await attempt.withdraw();
        putBack(false);
        throw error;
      });
    if (signedIn === 'stale') throw refuseToken();
    if (signedIn === 'wrong') {
      putBack(true);
      this.signIns.noteRefusal(pending.email, visitor);
      throw new DomainError('invalid_input', 'This code is not right, or was used before.', 'code');
    }
    await attempt.succeed();
    return signedIn;
  }

  private async signInWith(
    { userId, email, passwordHash, enrolmentSecret, isByProvider }: PendingSignIn,
    code: string,
    visitor: Visitor,
    manager: EntityManager,
  ): Promise<SignedInByCode | 'stale' | 'wrong'> {
    const user = await this.users.findForLogin(email, manager);
    if (user?.id !== userId || user.isDisabled || user.passwordHash !== passwordHash) return 'stale';
    if ((user.twoFactorSince === null) !== (enrolmentSecret !== undefined)) return 'stale';
    if (enrolmentSecret === undefined) {
      const factor = await this.factors.use(userId, code, manager);
      if (!factor) return 'wrong';
      const first = isByProvider ? 'provider' : 'password';
      return this.signIns.start(user, `${first} and ${FACTORS[factor]}`, visitor, manager);
    }
    const recoveryCodes = await this.factors.enable(userId, enrolmentSecret, code, manager);
    if (!recoveryCodes) return 'wrong';
    const actor = { userId, email, origin: toRequestOrigin(visitor) };
    await this.audit.record(describeTwoFactor(user, true), actor, manager);
    return { ...(await this.signIns.start(user, 'password and app', visitor, manager)), recoveryCodes };
  }
}

function refuseToken(): DomainError {
  return new DomainError('unauthenticated', 'The second step took too long. Sign in again.');
}
