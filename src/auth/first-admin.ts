import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { DomainError } from '../core/errors.js';
import { EventBus } from '../events/event-bus.js';
import { AdminPresence } from './admin-presence.js';
import { PasswordHasher } from './password-hasher.js';
import { assertPasswordIsGood } from './password-policy.js';
import type { UserEntity } from './user.entity.js';
import { UserService } from './user.service.js';

/** Makes the hub's first admin, by whichever way, and never a second one. */
@Injectable()
export class FirstAdmin {
  constructor(
    private readonly dataSource: DataSource,
    private readonly users: UserService,
    private readonly hasher: PasswordHasher,
    private readonly presence: AdminPresence,
    private readonly events: EventBus,
  ) {}

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
    const user = await this.dataSource.transaction(async (manager) => {
      // Holds up every other maker of a first admin until this one is done; readers go on.
      await manager.query('lock table app_user in share row exclusive mode');
      if (await this.users.hasAny(manager)) throw new DomainError('not_found', 'There is an admin already.');
      const created = await this.users.create({ email, passwordHash, role: 'admin' }, manager);
      await also?.(manager, created);
      return created;
    });
    this.presence.note();
    this.events.announce('admin.created', { userId: user.id });
    return user;
  }
}
