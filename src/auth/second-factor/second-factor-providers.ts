import { FirstSteps } from './first-steps.js';
import { PendingSignIns } from './pending-sign-ins.js';
import { SecondFactorAccountService } from './second-factor-account.service.js';
import { SecondFactorResolver } from './second-factor.resolver.js';
import { SecondStepService } from './second-step.service.js';
import { SecondFactorService } from './second-factor.service.js';

/** What the auth module provides for second factors. */
export const SECOND_FACTOR_PROVIDERS = [
  FirstSteps,
  PendingSignIns,
  SecondFactorAccountService,
  SecondFactorResolver,
  SecondFactorService,
  SecondStepService,
];
