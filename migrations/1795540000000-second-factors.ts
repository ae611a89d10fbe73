import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A second factor beside the password: the secret that an app shares with the hub, and recovery codes. */
export class SecondFactors1795540000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of SECOND_FACTORS) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table recovery_code');
    await queryRunner.query(
      `alter table app_user drop column two_factor_since,
         drop column totp_secret, drop column totp_last_step`,
    );
  }
}

const SECOND_FACTORS = [
  // The last time step that opened: a code opens once.
  `alter table app_user
     add column two_factor_since timestamptz,
     add column totp_secret bytea,
     add column totp_last_step bigint,
     add check ((two_factor_since is null) = (totp_secret is null))`,
  `create table recovery_code (
     user_id uuid not null references app_user (id) on delete cascade,
     code_hash bytea not null check (octet_length(code_hash) = 32),
     primary key (user_id, code_hash)
   )`,
];
