import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { printSetupLink } from './setup-notice.js';
import { SetupService } from './setup.service.js';

/** Puts a fresh link on the console when the last one ran out unused. */
@Injectable()
export class SetupLinkJob {
  private readonly logger = new Logger(SetupLinkJob.name);

  constructor(private readonly setup: SetupService) {}

  @Interval(10_000)
  async run(): Promise<void> {
    try {
      const link = await this.setup.renew();
      if (link !== null) printSetupLink(link);
    } catch (error) {
      this.logger.warn(`no new set-up link yet: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
