import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../../common/public.decorator.js';
import { HUB_CONFIG, type HubConfig } from '../../config/hub-config.js';
import { DomainError } from '../../core/errors.js';
import { toPendingStep } from '../auth.dto.js';
import { AdminPresence } from '../admin-presence.js';
import { readVisitor } from '../read-visitor.js';
import { SessionService } from '../session.service.js';
import { InvitationDoor } from './invitation-door.js';
import { InvitationAnswerDto, InvitationDto, ResetAnswerDto, ResetDto } from './one-time-links.dto.js';
import { PasswordResetService } from './password-reset.service.js';

/** The doors behind one-time links: open to everybody, but what is behind them only to the holder of the link. */
@ApiTags('Signing in')
@Controller('api/auth')
export class OneTimeLinksController {
  constructor(
    private readonly invitations: InvitationDoor,
    private readonly resets: PasswordResetService,
    private readonly presence: AdminPresence,
    private readonly sessions: SessionService,
    @Inject(HUB_CONFIG) private readonly config: HubConfig,
  ) {}

  @Post('invitation')
  @Public()
  @HttpCode(200)
  @ApiOperation({ summary: 'Accepts an invitation and signs in; with the token alone: says whom it is for.' })
  @ApiOkResponse({ type: InvitationAnswerDto })
  async accept(
    @Body() { token, name, password }: InvitationDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<InvitationAnswerDto> {
    await this.presence.assert();
    const visitor = readVisitor(request);
    if (password === undefined || name === undefined) {
      const { email, role } = await this.invitations.look(token, visitor);
      return { email, role };
    }
    if (this.config.isPasswordLoginOff) {
      const { label } = this.config.oidc!;
      throw new DomainError('forbidden', `Passwords do not open this hub. Accept with ${label}.`);
    }
    const before = await this.sessions.authenticate(request.headers);
    const { user, cookie, secondStep } = await this.invitations.accept(token, name, password, visitor);
    const { id, email, role } = user;
    if (cookie === undefined) return { email, role, secondStep: secondStep && toPendingStep(secondStep) };
    // The session that the cookie held until now would live on unseen.
    if (before) await this.sessions.end(before.sessionId);
    reply.header('set-cookie', cookie);
    return { email, role, user: { id, email, role } };
  }

  @Post('reset')
  @Public()
  @HttpCode(200)
  @ApiOperation({ summary: 'Sets a new password by a reset link; with the token alone: says whose.' })
  @ApiOkResponse({ type: ResetAnswerDto })
  async reset(
    @Body() { token, password }: ResetDto,
    @Req() request: FastifyRequest,
  ): Promise<ResetAnswerDto> {
    await this.presence.assert();
    const visitor = readVisitor(request);
    const { email } = await this.resets.look(token, visitor);
    if (password !== undefined) await this.resets.reset(token, password, visitor);
    return { email };
  }
}
