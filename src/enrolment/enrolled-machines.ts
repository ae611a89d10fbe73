import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { HealthWatch } from '../monitors/health-watch.js';
import { ReportedBoots } from '../monitors/reported-boots.js';

/** What a machine tells of itself; nothing of it opens anything without the token. */
export interface EnrollingMachine {
  readonly hostname: string;
  /** Of the running system; another one after each start of the machine. */
  readonly bootId?: string;
  /** The same over restarts and new installations of the agent; a clone of the machine has the same. */
  readonly machineId?: string;
}

export interface EarlierMachine {
  readonly id: string;
  readonly name: string;
  readonly apiKeyId: string | null;
  /** When it enrolled. */
  readonly bootId: string | null;
  readonly enrolledAt: Date;
}

/** A machine that enrolled or was heard so lately is at work: who comes with its id and another boot is its clone. */
const AT_WORK_MS = 120_000;

/** Which machines came by which key of a fleet: one that comes again keeps its monitor. */
@Injectable()
export class EnrolledMachines {
  constructor(
    private readonly health: HealthWatch,
    private readonly boots: ReportedBoots,
  ) {}

  /** The monitor that this machine got by this key before; not that of a machine which is at work elsewhere. */
  async findEarlier(
    enrolmentKeyId: string,
    { machineId, bootId }: EnrollingMachine,
    manager: EntityManager,
  ): Promise<EarlierMachine | undefined> {
    if (machineId === undefined) return undefined;
    const rows = await manager.query<EarlierMachine[]>(
      `select m.id, m.name, e.api_key_id as "apiKeyId", e.boot_id as "bootId", e.enrolled_at as "enrolledAt"
         from enrolled_machine e join monitor m on m.id = e.monitor_id
        where e.enrolment_key_id = $1 and e.machine_id = $2 order by e.enrolled_at desc`,
      [enrolmentKeyId, machineId],
    );
    return rows.find((row) => !this.isAtWorkElsewhere(row, bootId));
  }

  private isAtWorkElsewhere(earlier: EarlierMachine, bootId: string | undefined): boolean {
    const heardAt = this.health.lastHeardOf(earlier.id)?.receivedAt ?? 0;
    if (Date.now() - Math.max(heardAt, earlier.enrolledAt.getTime()) > AT_WORK_MS) return false;
    const known = this.boots.currentOf(earlier.id) ?? earlier.bootId;
    return known !== null && known !== bootId;
  }

  /** Notes which key the machine of this monitor reports with from now on. */
  async put(
    monitorId: string,
    apiKeyId: string,
    enrolmentKeyId: string,
    { machineId, bootId }: EnrollingMachine,
    manager: EntityManager,
  ): Promise<void> {
    if (machineId === undefined) return;
    await manager.query(
      `insert into enrolled_machine (monitor_id, enrolment_key_id, machine_id, api_key_id, boot_id, enrolled_at)
       values ($1, $2, $3, $4, $5, $6)
       on conflict (monitor_id) do update set api_key_id = $4, boot_id = $5, enrolled_at = $6`,
      [monitorId, enrolmentKeyId, machineId, apiKeyId, bootId ?? null, new Date()],
    );
  }
}
