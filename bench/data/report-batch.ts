import { SimulatedMachine } from './simulated-machine.js';

/** Reports of one machine in time order: what one request carries. */
export interface ReportBatch {
  readonly machine: number;
  /** Epoch milliseconds. */
  readonly ats: readonly number[];
  /** For each instant the values, in the order of `SERIES`. */
  readonly rows: readonly Float64Array[];
}

export interface HistoryPlan {
  readonly machines: number;
  readonly ticks: number;
  /** Epoch milliseconds of the first report. */
  readonly startAt: number;
  readonly spacingMs: number;
  readonly reportsPerRequest: number;
}

/** The same machines for everybody: each target is given exactly these reports. */
export class History {
  private readonly machines: SimulatedMachine[];
  private readonly given: number[];
  readonly plan: HistoryPlan;

  constructor(plan: HistoryPlan) {
    this.plan = plan;
    this.machines = Array.from({ length: plan.machines }, (_, index) => new SimulatedMachine(index));
    this.given = this.machines.map(() => 0);
  }

  get reports(): number {
    return this.plan.machines * this.plan.ticks;
  }

  /** The next request of a machine, or undefined when its history has ended. */
  next(machine: number): ReportBatch | undefined {
    const { ticks, startAt, spacingMs, reportsPerRequest } = this.plan;
    const first = this.given[machine]!;
    const count = Math.min(reportsPerRequest, ticks - first);
    if (count <= 0) return undefined;
    this.given[machine] = first + count;
    const ats = Array.from({ length: count }, (_, index) => startAt + (first + index) * spacingMs);
    const source = this.machines[machine]!;
    return { machine, ats, rows: ats.map(() => source.next()) };
  }
}
