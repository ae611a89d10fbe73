import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Report keys that are replaced with an overlap and kept to addresses; personal access tokens. */
export class KeysAndTokens1795531000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [...KEYS, ...TOKENS]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table access_token');
    await queryRunner.query('alter table api_key drop column allowed_addresses, drop column replaced_by');
  }
}

const KEYS = [
  // Addresses and CIDRs as text: they were checked when they came, and are compared in memory.
  `alter table api_key
     add column allowed_addresses text[] check (cardinality(allowed_addresses) > 0),
     add column replaced_by uuid references api_key (id) on delete set null`,
  `create index api_key_replaced_by on api_key (replaced_by) where replaced_by is not null`,
];

const TOKENS = [
  `create table access_token (
     id uuid primary key default gen_random_uuid(),
     user_id uuid not null references app_user (id) on delete cascade,
     name text not null,
     scope text not null check (scope in ('read', 'manage')),
     token_hash bytea not null unique check (octet_length(token_hash) = 32),
     created_at timestamptz not null default now(),
     expires_at timestamptz,
     last_used_at timestamptz,
     last_used_address text,
     revoked_at timestamptz
   )`,
  `create index access_token_user on access_token (user_id)`,
  // Every hub looks again within a second, sockets too, whoever took the token away.
  `create constraint trigger access_token_access after update on access_token
     deferrable initially deferred for each row
     when (old.revoked_at is distinct from new.revoked_at or old.expires_at is distinct from new.expires_at)
     execute function note_access_change()`,
  `create constraint trigger access_token_gone after delete on access_token
     deferrable initially deferred for each row execute function note_access_change()`,
];
