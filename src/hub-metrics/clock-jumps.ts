import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';

const LOOK_EVERY_MS = 5_000;
/** A clock that is merely steered never drifts so much within one look. */
const JUMP_MS = 1_000;

/** Counts how often the hub's clock was set, or stood still with the machine: seen by a clock that nobody sets. */
@Injectable()
export class ClockJumps {
  count = 0;
  private offset = readOffset();

  @Interval(LOOK_EVERY_MS)
  look(): void {
    const offset = readOffset();
    if (Math.abs(offset - this.offset) >= JUMP_MS) this.count++;
    this.offset = offset;
  }
}

const readOffset = (): number => Date.now() - performance.now();
