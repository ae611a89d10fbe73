import { Injectable } from '@nestjs/common';
import { Tally } from '../common/tally.js';
import type { Verdict } from './judge-answer.js';

/** What became of reports on their way to other servers since the start; plain numbers that the hub's own metrics read. */
@Injectable()
export class ForwardingCounts {
  /** Reports that were taken over there. */
  sent = 0;
  /** Reports that wait no more and were not taken. */
  readonly dropped = new Tally<'queue_full' | 'refused'>();
  /** Requests with reports, by what came of them. */
  readonly requests = new Tally<Verdict['way']>();
}
