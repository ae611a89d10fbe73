import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Role } from '../common/principal.js';
import { UserEntity } from './user.entity.js';

@Injectable()
export class UserService {
  constructor(private readonly dataSource: DataSource) {}

  async hasAny(manager: EntityManager = this.dataSource.manager): Promise<boolean> {
    return manager.exists(UserEntity);
  }

  /** With its password's hash, for signing in only. An address is the same in any case. */
  async findForLogin(email: string): Promise<UserEntity | undefined> {
    const user = await this.dataSource.manager
      .createQueryBuilder(UserEntity, 'user')
      .addSelect('user.passwordHash')
      .where('lower(user.email) = lower(:email)', { email })
      .getOne();
    return user ?? undefined;
  }

  async create(
    user: { email: string; passwordHash: string; role: Role },
    manager: EntityManager = this.dataSource.manager,
  ): Promise<UserEntity> {
    return manager.save(manager.create(UserEntity, user));
  }

  async replacePasswordHash(userId: string, passwordHash: string): Promise<void> {
    await this.dataSource.manager.update(UserEntity, { id: userId }, { passwordHash });
  }
}
