import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { DomainError } from '../core/errors.js';
import { AdminPresence } from './admin-presence.js';
import { PasswordHasher } from './password-hasher.js';
import { assertPasswordIsGood } from './password-policy.js';
import type { UserEntity } from './user.entity.js';
import { UserService } from './user.service.js';

/**
 * Gives the first admin what existed before them, within the transaction that makes them; returns what is to be
 * done once that is committed.
 */
export type Inheritance = (manager: EntityManager, userId: string) => Promise<() => void>;

/** Makes the hub's first admin, by whichever way, and never a second one. */
@Injectable()
export class FirstAdmin {
  private readonly inheritances: Inheritance[] = [];

  constructor(
    private readonly dataSource: DataSource,
    private readonly users: UserService,
    private readonly hasher: PasswordHasher,
    private readonly presence: AdminPresence,
  ) {}

  /** What waits for its owner lies in features above this one: each says here how it gets them. */
  register(inheritance: Inheritance): void {
    this.inheritances.push(inheritance);
  }

  async exists(): Promise<boolean> {
    return this.presence.check();
  }

  /** `also` belongs to the same transaction: when it throws, there is no admin. Refuses (`not_found`) when there is one. */
  async create(
    email: string,
    password: string,
    also?: (manager: EntityManager, user: UserEntity) => Promise<void>,
  ): Promise<UserEntity> {
    assertPasswordIsGood(password, email);
    const passwordHash = await this.hasher.hash(password);
    const afterCommit: (() => void)[] = [];
    const user = await this.dataSource.transaction(async (manager) => {
      // Holds up every other maker of a first admin until this one is done; readers go on.
      await manager.query('lock table app_user in share row exclusive mode');
      if (await this.users.hasAny(manager)) throw new DomainError('not_found', 'There is an admin already.');
      const created = await this.users.create({ email, passwordHash, role: 'admin' }, manager);
      await also?.(manager, created);
      for (const inherit of this.inheritances) afterCommit.push(await inherit(manager, created.id));
      return created;
    });
    this.presence.note();
    for (const tell of afterCommit) tell();
    return user;
  }
}
