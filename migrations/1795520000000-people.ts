import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Users beside the first admin: their names, invitations, reset links, and what is shared with whom. */
export class People1795520000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [...USERS, ...SHARES, ...EPOCH]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table monitor_share, password_reset, user_invitation');
    await queryRunner.query('drop trigger app_user_access on app_user');
    await queryRunner.query('drop trigger app_user_gone on app_user');
    await queryRunner.query('drop trigger user_session_access on user_session');
    await queryRunner.query('drop function note_access_change');
    await queryRunner.query('drop table access_epoch');
    await queryRunner.query('alter table app_user drop column name, drop column signed_in_at');
  }
}

const USERS = [
  // Without a name of their own people are called by their address.
  `alter table app_user add column name text, add column signed_in_at timestamptz`,
  `create table user_invitation (
     id uuid primary key default gen_random_uuid(),
     email text not null,
     role text not null check (role in ('admin', 'editor', 'viewer')),
     token_hash bytea not null unique check (octet_length(token_hash) = 32),
     invited_by uuid references app_user (id) on delete set null,
     created_at timestamptz not null default now(),
     expires_at timestamptz not null
   )`,
  `create unique index user_invitation_email on user_invitation (lower(email))`,
  // At most one open link a user: a new one voids the last.
  `create table password_reset (
     user_id uuid primary key references app_user (id) on delete cascade,
     token_hash bytea not null unique check (octet_length(token_hash) = 32),
     expires_at timestamptz not null
   )`,
];

const SHARES = [
  // Either one monitor, or all with a tag: those of `owner_id`, or of everybody where that is null.
  // Shared with `user_id`, or with everybody where that is null.
  `create table monitor_share (
     id uuid primary key default gen_random_uuid(),
     monitor_id uuid references monitor (id) on delete cascade,
     tag text,
     owner_id uuid references app_user (id) on delete cascade,
     user_id uuid references app_user (id) on delete cascade,
     access text not null check (access in ('view', 'edit')),
     created_at timestamptz not null default now(),
     check ((monitor_id is null) <> (tag is null)),
     check (owner_id is null or tag is not null)
   )`,
  `create unique index monitor_share_target on monitor_share (
     coalesce(monitor_id, '00000000-0000-0000-0000-000000000000'),
     coalesce(tag, ''),
     coalesce(owner_id, '00000000-0000-0000-0000-000000000000'),
     coalesce(user_id, '00000000-0000-0000-0000-000000000000')
   )`,
  `create index monitor_share_user on monitor_share (user_id)`,
  `create index monitor_share_tag on monitor_share (tag) where tag is not null`,
];

/**
 * Whoever has looked at rights knows by one small row whether any of them has changed since, also by another hub
 * or by hand. The triggers fire at the commit, so that two changes never wait for each other while they hold more.
 */
const EPOCH = [
  `create table access_epoch (
     singleton boolean primary key default true check (singleton),
     changed_by text not null
   )`,
  `insert into access_epoch (changed_by) values ('none')`,
  `create function note_access_change() returns trigger language plpgsql as $$
   begin
     update access_epoch set changed_by = pg_current_xact_id()::text
       where changed_by <> pg_current_xact_id()::text;
     return null;
   end $$`,
  `create constraint trigger monitor_share_access after insert or update or delete on monitor_share
     deferrable initially deferred for each row execute function note_access_change()`,
  `create constraint trigger app_user_access after update on app_user
     deferrable initially deferred for each row
     when (old.role is distinct from new.role or old.is_disabled is distinct from new.is_disabled)
     execute function note_access_change()`,
  `create constraint trigger app_user_gone after delete on app_user
     deferrable initially deferred for each row execute function note_access_change()`,
  `create constraint trigger user_session_access after delete on user_session
     deferrable initially deferred for each row execute function note_access_change()`,
];
