import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Query,
  Res,
} from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentUser } from '../common/current-user.decorator.js';
import type { UserPrincipal } from '../common/principal.js';
import { DomainError } from '../core/errors.js';
import { CreateMonitorInput, UpdateMonitorInput } from './monitor.input.js';
import { CreatedMonitorDto, MonitorDto, MonitorStatusDto } from './monitor.dto.js';
import { MonitorPresenter } from './monitor-presenter.js';
import { MonitorsService } from './monitors.service.js';

const MAX_PAGE = 1_000;

/** `fastify` answers the bare path and, by the door's rewriting, the one with a trailing slash. */
@ApiTags('monitors')
@Controller('api/monitoring')
export class MonitorsController {
  constructor(
    private readonly monitors: MonitorsService,
    private readonly presenter: MonitorPresenter,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The monitors that you may see; the next page stands in `Link`.' })
  @ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: MAX_PAGE } })
  @ApiQuery({ name: 'cursor', required: false, schema: { type: 'string' } })
  @ApiOkResponse({ type: [MonitorDto] })
  async list(
    @CurrentUser() user: UserPrincipal,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Query('limit') limitText?: string,
    @Query('cursor') cursor?: string,
  ): Promise<MonitorDto[]> {
    const limit = readLimit(limitText);
    const monitors = await this.monitors.list(user, { limit: limit + 1, afterId: readCursor(cursor) });
    const page = monitors.slice(0, limit);
    if (monitors.length > limit) {
      const next = Buffer.from(page.at(-1)!.id).toString('base64url');
      void reply.header('link', `<?limit=${limit}&cursor=${next}>; rel="next"`);
    }
    return page.map((monitor) => this.presenter.presentTo(user, monitor));
  }

  @Post()
  @ApiOperation({ summary: 'Creates a monitor; its first report key is shown this once.' })
  @ApiCreatedResponse({ type: CreatedMonitorDto })
  async create(
    @CurrentUser() user: UserPrincipal,
    @Body() input: CreateMonitorInput,
  ): Promise<CreatedMonitorDto> {
    const { monitor, apiKey } = await this.monitors.create(user, input);
    return { monitor: this.presenter.presentTo(user, monitor), apiKey };
  }

  @Get(':id')
  @ApiOkResponse({ type: MonitorDto })
  async get(
    @CurrentUser() user: UserPrincipal,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MonitorDto> {
    const monitor = await this.monitors.get(user, id);
    void reply.header('etag', `"${monitor.version}"`);
    return this.presenter.presentTo(user, monitor);
  }

  @Put(':id')
  @ApiOperation({ summary: 'The same as PATCH: absent = keep, null = clear.' })
  @ApiHeader({ name: 'If-Match', required: false, description: 'The version that the change builds on.' })
  @ApiOkResponse({ type: MonitorDto })
  async replace(
    @CurrentUser() user: UserPrincipal,
    @Param('id') id: string,
    @Body() input: UpdateMonitorInput,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Headers('if-match') ifMatch?: string,
  ): Promise<MonitorDto> {
    return this.update(user, id, input, reply, ifMatch);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Changes a monitor: absent = keep, null = clear.' })
  @ApiHeader({ name: 'If-Match', required: false, description: 'The version that the change builds on.' })
  @ApiOkResponse({ type: MonitorDto })
  async update(
    @CurrentUser() user: UserPrincipal,
    @Param('id') id: string,
    @Body() input: UpdateMonitorInput,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Headers('if-match') ifMatch?: string,
  ): Promise<MonitorDto> {
    const monitor = await this.monitors.update(user, id, input, readVersion(ifMatch));
    void reply.header('etag', `"${monitor.version}"`);
    return this.presenter.presentTo(user, monitor);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Deletes a monitor with its keys and samples.' })
  @ApiNoContentResponse()
  async delete(@CurrentUser() user: UserPrincipal, @Param('id') id: string): Promise<void> {
    await this.monitors.delete(user, id);
  }

  @Get(':id/status')
  @ApiOkResponse({ type: MonitorStatusDto })
  async getStatus(@CurrentUser() user: UserPrincipal, @Param('id') id: string): Promise<MonitorStatusDto> {
    return this.presenter.presentStatus(await this.monitors.get(user, id));
  }

  @Post(':id/start')
  @HttpCode(200)
  @ApiOkResponse({ type: MonitorStatusDto })
  async start(@CurrentUser() user: UserPrincipal, @Param('id') id: string): Promise<MonitorStatusDto> {
    return this.presenter.presentStatus(await this.monitors.setState(user, id, 'running'));
  }

  @Post(':id/stop')
  @HttpCode(200)
  @ApiOkResponse({ type: MonitorStatusDto })
  async stop(@CurrentUser() user: UserPrincipal, @Param('id') id: string): Promise<MonitorStatusDto> {
    return this.presenter.presentStatus(await this.monitors.setState(user, id, 'stopped'));
  }
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return MAX_PAGE;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_PAGE) {
    throw new DomainError('invalid_input', `limit must be a whole number from 1 to ${MAX_PAGE}.`, 'limit');
  }
  return limit;
}

function readCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const id = Buffer.from(cursor, 'base64url').toString();
  if (!/^[0-9a-f-]{36}$/.test(id)) {
    throw new DomainError('invalid_input', 'cursor must be one that a `Link` header gave.', 'cursor');
  }
  return id;
}

/** `If-Match` holds the ETag of the version; `*` asks for nothing but that the monitor exists. */
function readVersion(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const match = /^(?:W\/)?"?(\d{1,9})"?$/.exec(ifMatch.trim());
  // What is not a version of ours cannot match.
  return match ? Number(match[1]) : -1;
}
