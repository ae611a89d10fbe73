import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, In } from 'typeorm';
import type { Role } from '../common/principal.js';
import { UserEntity } from './user.entity.js';

/** A user as the others see them. */
export interface Person {
  readonly id: string;
  /** The address where they have given no name. */
  readonly name: string;
  readonly email: string;
}

@Injectable()
export class UserService {
  constructor(private readonly dataSource: DataSource) {}

  async hasAny(manager: EntityManager = this.dataSource.manager): Promise<boolean> {
    return manager.exists(UserEntity);
  }

  /** With its password's hash, for signing in only. An address is the same in any case. */
  async findForLogin(
    email: string,
    manager: EntityManager = this.dataSource.manager,
  ): Promise<UserEntity | undefined> {
    const user = await manager
      .createQueryBuilder(UserEntity, 'user')
      .addSelect('user.passwordHash')
      .where('lower(user.email) = lower(:email)', { email })
      .getOne();
    return user ?? undefined;
  }

  async create(
    user: { email: string; passwordHash: string | null; role: Role; name?: string | null },
    manager: EntityManager = this.dataSource.manager,
  ): Promise<UserEntity> {
    return manager.save(manager.create(UserEntity, { ...user, twoFactorSince: null }));
  }

  /** Whether somebody else has this address, in whatever case. */
  async hasEmail(
    email: string,
    manager: EntityManager = this.dataSource.manager,
    exceptUserId: string | null = null,
  ): Promise<boolean> {
    const rows = await manager.query<unknown[]>(
      'select 1 from app_user where lower(email) = lower($1) and ($2::uuid is null or id <> $2)',
      [email, exceptUserId],
    );
    return rows.length > 0;
  }

  async find(userId: string): Promise<UserEntity | null> {
    return this.dataSource.manager.findOneBy(UserEntity, { id: userId });
  }

  async isEnabled(userId: string): Promise<boolean> {
    return this.dataSource.manager.existsBy(UserEntity, { id: userId, isDisabled: false });
  }

  /** Those of these ids that there are. */
  async findPeople(userIds: readonly string[]): Promise<Map<string, Person>> {
    const users = await this.dataSource.manager.findBy(UserEntity, { id: In([...userIds]) });
    return new Map(users.map((user) => [user.id, toPerson(user)]));
  }

  /** Everybody who can sign in, by name. */
  async listPeople(): Promise<Person[]> {
    const users = await this.dataSource.manager.findBy(UserEntity, { isDisabled: false });
    return users.map(toPerson).sort((a, b) => a.name.localeCompare(b.name));
  }

  async replacePasswordHash(userId: string, passwordHash: string): Promise<void> {
    await this.dataSource.manager.update(UserEntity, { id: userId }, { passwordHash });
  }
}

function toPerson({ id, name, email }: UserEntity): Person {
  return { id, name: name ?? email, email };
}
