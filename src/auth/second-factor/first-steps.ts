import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SessionService, type Visitor } from '../session.service.js';
import type { UserEntity } from '../user.entity.js';
import { type SecondStep, SecondStepService } from './second-step.service.js';

/** Somebody new: either signed in by the cookie, or with the second step before them. */
export interface Welcome {
  readonly user: UserEntity;
  /** The value of `Set-Cookie`. */
  readonly cookie?: string;
  readonly secondStep?: SecondStep;
}

/** What somebody gets who has just become a user and chosen a password. */
@Injectable()
export class FirstSteps {
  constructor(
    private readonly sessions: SessionService,
    private readonly secondSteps: SecondStepService,
  ) {}

  /** A session; or, where the hub wants a second factor of them, no session but the step that sets it up. */
  async take(user: UserEntity, visitor: Visitor, manager: EntityManager): Promise<Welcome> {
    if (this.secondSteps.isDue(user)) return { user, secondStep: this.secondSteps.begin(user) };
    return { user, cookie: await this.sessions.start(user.id, visitor, manager) };
  }
}
