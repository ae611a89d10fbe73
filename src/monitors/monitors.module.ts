import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../auth/auth.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { OutboundModule } from '../common/outbound/outbound.module.js';
import { SecretBoxModule } from '../common/secret-box/secret-box.module.js';
import { EndpointSettings } from './forwarding/endpoint-settings.js';
import { ForwardingBoard } from './forwarding/forwarding-board.js';
import { Goodbyes } from './goodbyes.js';
import { HealthWatch } from './health-watch.js';
import { HubPresence } from './hub-presence.js';
import { KeysResolver } from './keys/keys.resolver.js';
import { MonitorKeysService } from './keys/keys.service.js';
import { LiveAudience } from './live-audience.js';
import { LocalMonitor } from './local-monitor.js';
import { MonitorDirectory } from './monitor-directory.js';
import { MonitorLoaders } from './monitor-loaders.js';
import { MonitorLosses } from './monitor-losses.js';
import { MonitorNotes } from './monitor-notes.js';
import { MonitorPresenter } from './monitor-presenter.js';
import { Monitor } from './monitor.entity.js';
import { MonitorsController } from './monitors.controller.js';
import { MonitorsResolver } from './monitors.resolver.js';
import { RetentionResolver } from './retention/retention.resolver.js';
import { RetentionService } from './retention/retention.service.js';
import { MonitorsService } from './monitors.service.js';
import { MonitorAccess } from './sharing/monitor-access.js';
import { MonitorHandover } from './sharing/monitor-handover.js';
import { MonitorShare } from './sharing/monitor-share.entity.js';
import { SharingResolver } from './sharing/sharing.resolver.js';
import { SharingService } from './sharing/sharing.service.js';
import { UserMonitorsResolver } from './sharing/user-monitors.resolver.js';
import { ReportedBoots } from './reported-boots.js';
import { TopProcesses } from './top-processes.js';
import { WritableFields } from './writable-fields.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([Monitor, MonitorShare]),
    AuthModule,
    StorageModule,
    OutboundModule,
    SecretBoxModule,
  ],
  controllers: [MonitorsController],
  providers: [
    MonitorDirectory,
    MonitorAccess,
    MonitorHandover,
    SharingService,
    SharingResolver,
    UserMonitorsResolver,
    EndpointSettings,
    WritableFields,
    ForwardingBoard,
    HubPresence,
    Goodbyes,
    HealthWatch,
    LiveAudience,
    MonitorNotes,
    MonitorLosses,
    ReportedBoots,
    TopProcesses,
    MonitorPresenter,
    MonitorLoaders,
    MonitorsService,
    LocalMonitor,
    MonitorsResolver,
    RetentionService,
    RetentionResolver,
    MonitorKeysService,
    KeysResolver,
  ],
  exports: [
    EndpointSettings,
    ForwardingBoard,
    Goodbyes,
    LiveAudience,
    MonitorsService,
    MonitorAccess,
    MonitorDirectory,
    MonitorNotes,
    MonitorLosses,
    MonitorPresenter,
    HealthWatch,
    ReportedBoots,
    TopProcesses,
  ],
})
export class MonitorsModule {}
