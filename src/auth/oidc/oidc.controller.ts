import { Body, Controller, Get, Header, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentUser } from '../../common/current-user.decorator.js';
import type { UserPrincipal } from '../../common/principal.js';
import { Public, SignedInOnly } from '../../common/public.decorator.js';
import { HUB_CONFIG, type HubConfig } from '../../config/hub-config.js';
import { AdminPresence } from '../admin-presence.js';
import { PasswordProof } from '../password-proof.js';
import { readVisitor } from '../read-visitor.js';
import { SessionService } from '../session.service.js';
import { buildBouncePage } from './bounce-page.js';
import { ConnectDto, SetOutDto, SignInOptionsDto, StartDto } from './oidc.dto.js';
import { ProviderSignIn, type SetOut } from './provider-sign-in.js';

/** The doors of sign-in by a provider. All but `connect` are public. */
@ApiTags('Signing in')
@Controller('api/auth')
export class OidcController {
  constructor(
    private readonly signIn: ProviderSignIn,
    private readonly sessions: SessionService,
    private readonly proof: PasswordProof,
    private readonly presence: AdminPresence,
    @Inject(HUB_CONFIG) private readonly config: HubConfig,
  ) {}

  @Get('options')
  @Public()
  @ApiOperation({ summary: 'How one signs in here.' })
  @ApiOkResponse({ type: SignInOptionsDto })
  readOptions(): SignInOptionsDto {
    const { oidc, isPasswordLoginOff } = this.config;
    return { password: !isPasswordLoginOff, ...(oidc && { provider: { label: oidc.label } }) };
  }

  @Post('oidc/start')
  @Public()
  @HttpCode(200)
  @ApiOperation({ summary: 'Begins to sign in by the provider, in a browser.' })
  @ApiOkResponse({ type: SetOutDto })
  async start(
    @Body() { next, invitation }: StartDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SetOutDto> {
    await this.presence.assert();
    const before = await this.sessions.authenticate(request.headers);
    const purpose =
      invitation === undefined
        ? ({ is: 'sign-in' } as const)
        : ({ is: 'invitation', token: invitation } as const);
    const way = { next, sessionId: before?.sessionId, visitor: readVisitor(request) };
    return answer(await this.signIn.setOut(purpose, way), reply);
  }

  @Post('oidc/connect')
  @SignedInOnly()
  @HttpCode(200)
  @ApiOperation({ summary: 'Begins to connect the provider with who is signed in.' })
  @ApiOkResponse({ type: SetOutDto })
  async connect(
    @Body() { currentPassword }: ConnectDto,
    @CurrentUser() user: UserPrincipal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SetOutDto> {
    await this.proof.assert(user, currentPassword);
    const way = { sessionId: user.sessionId, visitor: readVisitor(request) };
    return answer(await this.signIn.setOut({ is: 'connect', userId: user.userId }, way), reply);
  }

  @Get('oidc/callback')
  @Public()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('cache-control', 'no-store')
  @ApiExcludeEndpoint()
  async return(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const query = request.url.split('?').slice(1).join('?');
    const { path, cookies } = await this.signIn.return(query, request.headers, readVisitor(request));
    reply.header('set-cookie', cookies);
    return buildBouncePage(path);
  }
}

function answer({ url, cookie }: SetOut, reply: FastifyReply): SetOutDto {
  reply.header('set-cookie', cookie);
  return { url };
}
