import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { OutboundModule } from '../common/outbound/outbound.module.js';
import { MonitorsModule } from '../monitors/monitors.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { Delivery } from './delivery.js';
import { EndpointTest } from './endpoint-test.js';
import { Forwarder } from './forwarder.js';
import { ForwardingCounts } from './forwarding-counts.js';
import { ForwardingResolver } from './forwarding.resolver.js';
import { LaneRunner } from './lane-runner.js';

@Module({
  imports: [AuthModule, AuditModule, StorageModule, MonitorsModule, OutboundModule],
  providers: [Delivery, EndpointTest, Forwarder, ForwardingCounts, ForwardingResolver, LaneRunner],
  exports: [Forwarder, ForwardingCounts],
})
export class ForwardingModule {}
