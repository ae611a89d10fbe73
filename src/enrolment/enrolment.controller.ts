import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { AdminPresence } from '../auth/admin-presence.js';
import { Public } from '../common/public.decorator.js';
import { EnrolmentDoor } from './enrolment-door.js';
import { EnrolDto, EnrolledDto } from './enrolment.dto.js';

@ApiTags('Enrolment')
@Controller('api/agents')
export class EnrolmentController {
  constructor(
    private readonly door: EnrolmentDoor,
    private readonly presence: AdminPresence,
  ) {}

  @Post('enrol')
  @Public()
  @HttpCode(200)
  @ApiOperation({ summary: 'Gives a machine a report key of its own for an enrolment token or key.' })
  @ApiOkResponse({ type: EnrolledDto })
  async enrol(@Body() { token, ...machine }: EnrolDto, @Req() request: FastifyRequest): Promise<EnrolledDto> {
    await this.presence.assert();
    return this.door.enrol(token, machine, { address: request.ip, requestId: request.id });
  }
}
