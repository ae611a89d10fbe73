import { Module } from '@nestjs/common';
import { OutboundModule } from '../common/outbound/outbound.module.js';
import { MonitorsModule } from '../monitors/monitors.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { Delivery } from './delivery.js';
import { Forwarder } from './forwarder.js';
import { ForwardingCounts } from './forwarding-counts.js';
import { ForwardingResolver } from './forwarding.resolver.js';
import { LaneRunner } from './lane-runner.js';

@Module({
  imports: [StorageModule, MonitorsModule, OutboundModule],
  providers: [Delivery, Forwarder, ForwardingCounts, ForwardingResolver, LaneRunner],
  exports: [Forwarder, ForwardingCounts],
})
export class ForwardingModule {}
