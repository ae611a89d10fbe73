import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { MonitorsModule } from '../monitors/monitors.module.js';
import { EnrolledMachines } from './enrolled-machines.js';
import { EnrolmentDoor } from './enrolment-door.js';
import { EnrolmentKeyEntity } from './enrolment-key.entity.js';
import { EnrolmentController } from './enrolment.controller.js';
import { EnrolmentResolver } from './enrolment.resolver.js';
import { EnrolmentService } from './enrolment.service.js';
import { KeyExchange } from './key-exchange.js';
import { InstallerFiles } from './installer-files.js';
import { InstallerController } from './installer.controller.js';

@Module({
  imports: [TypeOrmModule.forFeature([EnrolmentKeyEntity]), AuditModule, AuthModule, MonitorsModule],
  controllers: [EnrolmentController, InstallerController],
  providers: [
    EnrolledMachines,
    KeyExchange,
    EnrolmentDoor,
    EnrolmentService,
    EnrolmentResolver,
    InstallerFiles,
  ],
})
export class EnrolmentModule {}
