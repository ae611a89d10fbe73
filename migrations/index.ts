import { FirstTables1795300000000 } from './1795300000000-first-tables.js';
import { Blocks1795400000000 } from './1795400000000-blocks.js';
import { RetentionClock1795500000000 } from './1795500000000-retention-clock.js';
import { BlocksByLayout1795500100000 } from './1795500100000-blocks-by-layout.js';
import { ReportsLeftOut1795510000000 } from './1795510000000-reports-left-out.js';
import { RetentionOfMonitors1795510000001 } from './1795510000001-retention-of-monitors.js';
import { People1795520000000 } from './1795520000000-people.js';
import { AuditLog1795530000000 } from './1795530000000-audit-log.js';
import { KeysAndTokens1795531000000 } from './1795531000000-keys-and-tokens.js';
import { SecondFactors1795540000000 } from './1795540000000-second-factors.js';
import { FunctionsOfTheOwner1795545000000 } from './1795545000000-functions-of-the-owner.js';
import { FailedSignIns1795550000000 } from './1795550000000-failed-sign-ins.js';
import { Enrolment1795560000000 } from './1795560000000-enrolment.js';
import { Forwarding1795570000000 } from './1795570000000-forwarding.js';
import { Goodbyes1795590000000 } from './1795590000000-goodbyes.js';
import { SignInByProvider1796000000000 } from './1796000000000-sign-in-by-provider.js';
import { RateCounts1796010000000 } from './1796010000000-rate-counts.js';
import { KnownNetworks1796011000000 } from './1796011000000-known-networks.js';

/** Every migration in order. Listed by hand, so that a build or a test never depends on a file pattern. */
export const MIGRATIONS = [
  FirstTables1795300000000,
  Blocks1795400000000,
  RetentionClock1795500000000,
  BlocksByLayout1795500100000,
  ReportsLeftOut1795510000000,
  RetentionOfMonitors1795510000001,
  People1795520000000,
  AuditLog1795530000000,
  KeysAndTokens1795531000000,
  SecondFactors1795540000000,
  FunctionsOfTheOwner1795545000000,
  FailedSignIns1795550000000,
  Enrolment1795560000000,
  Forwarding1795570000000,
  Goodbyes1795590000000,
  SignInByProvider1796000000000,
  RateCounts1796010000000,
  KnownNetworks1796011000000,
];
