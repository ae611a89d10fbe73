import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The few changes of the schema that the hub makes while it runs, as functions of the schema's owner: so the hub's own
 * role needs to own nothing. Each takes numbers only, checks them, and builds the name itself.
 *
 * `public` may execute none of them; the owner may, and at the start it grants them to the role of DATABASE_URL.
 */
export class FunctionsOfTheOwner1795545000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    const [{ schema }] = (await queryRunner.query('select quote_ident(current_schema()) as schema')) as [
      { schema: string },
    ];
    // Postgres' own names go before these; temporary tables last, so that nobody can slip one in under a name meant here.
    const fixed = `language plpgsql security definer set search_path = ${schema}, pg_temp`;
    for (const statement of [...makePartitionFunctions(fixed), ...makeOtherFunctions(fixed)])
      await queryRunner.query(statement);
    for (const name of SIGNATURES) {
      await queryRunner.query(`revoke all on function ${name} from public`);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const name of SIGNATURES) await queryRunner.query(`drop function ${name}`);
  }
}

const SIGNATURES = [
  'make_report_partition(bigint)',
  'make_block_partition(integer, bigint)',
  'drop_report_partition(bigint)',
  'drop_block_partition(integer, bigint)',
  'truncate_empty_late_reports()',
  'delete_expired_audit_entries(integer)',
];

/** The last instant that JavaScript's dates reach, epoch milliseconds. */
const LAST_INSTANT = 8_640_000_000_000_000;

const REPORT_SPAN_MS = 6 * 3_600_000;
const DAY_MS = 24 * 3_600_000;
/** By tier. */
const BLOCK_SPANS_MS = [2 * DAY_MS, 6 * DAY_MS, 60 * DAY_MS, 360 * DAY_MS];

const makePartitionFunctions = (fixed: string): string[] => [
  `create function make_report_partition(first bigint) returns void ${fixed} as $$
   begin
     if first is null or first < 0 or first > ${LAST_INSTANT} or first % ${REPORT_SPAN_MS} <> 0 then
       raise exception 'no partition of reports begins at %', first using errcode = 'invalid_parameter_value';
     end if;
     execute format('create table if not exists %I partition of report for values from (%s) to (%s)',
       'report_' || first, first, first + ${REPORT_SPAN_MS});
   end $$`,
  `create function make_block_partition(tier integer, first bigint) returns void ${fixed} as $$
   declare
     span bigint := (array[${BLOCK_SPANS_MS.join(', ')}]::bigint[])[tier + 1];
   begin
     if span is null or first is null or first < 0 or first > ${LAST_INSTANT} or first % span <> 0 then
       raise exception 'no partition of blocks of tier % begins at %', tier, first
         using errcode = 'invalid_parameter_value';
     end if;
     execute format('create table if not exists %I partition of block for values from (%s, %s) to (%s, %s)',
       'block_' || tier || '_' || first, tier, first, tier, first + span);
   end $$`,
  // The whole table is locked for it. Where somebody reads for long, whoever wants to write would wait behind this, so
  // it gives up after a moment (lock_not_available).
  `create function drop_report_partition(first bigint) returns void ${fixed} set lock_timeout = '250ms' as $$
   declare
     name text := 'report_' || first;
   begin
     if exists (select from pg_inherits join pg_class child on child.oid = inhrelid
                where inhparent = 'report'::regclass and relname = name) then
       execute format('drop table %I', name);
     end if;
   end $$`,
  `create function drop_block_partition(tier integer, first bigint) returns void
     ${fixed} set lock_timeout = '250ms' as $$
   declare
     name text := 'block_' || tier || '_' || first;
   begin
     if exists (select from pg_inherits join pg_class child on child.oid = inhrelid
                where inhparent = 'block'::regclass and relname = name) then
       execute format('drop table %I', name);
     end if;
   end $$`,
];

const makeOtherFunctions = (fixed: string): string[] => [
  // Gives room back to the disk, never a row: whoever comes in while nobody has the lock yet is seen after it.
  `create function truncate_empty_late_reports() returns boolean ${fixed} set lock_timeout = '250ms' as $$
   begin
     lock table late_report in access exclusive mode;
     if exists (select from late_report) then
       return false;
     end if;
     truncate late_report;
     return true;
   end $$`,
  `create function delete_expired_audit_entries(most integer) returns integer ${fixed} as $$
   declare
     deleted integer;
   begin
     if most is null or most not between 1 and 100000 then
       raise exception 'not a number of entries to delete at once: %', most using errcode = 'invalid_parameter_value';
     end if;
     delete from audit_entry where id in (
       select id from audit_entry where keep_until <= now() order by keep_until limit most);
     get diagnostics deleted = row_count;
     return deleted;
   end $$`,
];
