import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentUser } from '../common/current-user.decorator.js';
import type { UserPrincipal } from '../common/principal.js';
import { Public, SignedInOnly } from '../common/public.decorator.js';
import { LoginDto, SecondStepDto, SetupDto, SignedInDto, toPendingStep } from './auth.dto.js';
import { LoginService } from './login.service.js';
import { readVisitor } from './read-visitor.js';
import { SessionService } from './session.service.js';
import { SecondStepService } from './second-factor/second-step.service.js';
import { type SignedIn, SignIns } from './sign-ins.js';
import { SetupService } from './setup.service.js';

@ApiTags('Signing in')
@Controller('api/auth')
export class AuthController {
  constructor(
    private readonly setup: SetupService,
    private readonly logins: LoginService,
    private readonly secondSteps: SecondStepService,
    private readonly signIns: SignIns,
    private readonly sessions: SessionService,
  ) {}

  @Post('setup')
  @Public()
  @HttpCode(200)
  @ApiOkResponse({ type: SignedInDto })
  async setUp(
    @Body() { token, email, password }: SetupDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SignedInDto> {
    const { user, cookie, secondStep } = await this.setup.setUp(token, email, password, readVisitor(request));
    if (cookie !== undefined) return answer({ user, cookie }, reply);
    return { secondStep: secondStep && toPendingStep(secondStep) };
  }

  @Post('login')
  @Public()
  @HttpCode(200)
  @ApiOkResponse({ type: SignedInDto })
  async logIn(
    @Body() { email, password }: LoginDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SignedInDto> {
    const before = await this.sessions.authenticate(request.headers);
    const outcome = await this.logins.login(email, password, readVisitor(request));
    if ('pendingToken' in outcome) return { secondStep: toPendingStep(outcome) };
    // The session that the cookie held until now would live on unseen.
    if (before) await this.sessions.end(before.sessionId);
    return answer(outcome, reply);
  }

  @Post('second-step')
  @Public()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Signs in with a code, after the password.',
    description:
      'A code of the app or a recovery code. A wrong code is 400 at `code`, and counts as a failed sign-in.',
  })
  @ApiOkResponse({ type: SignedInDto })
  async finish(
    @Body() { token, code }: SecondStepDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SignedInDto> {
    const before = await this.sessions.authenticate(request.headers);
    const signedIn = await this.secondSteps.finish(token, code, readVisitor(request));
    if (before) await this.sessions.end(before.sessionId);
    return { ...answer(signedIn, reply), recoveryCodes: signedIn.recoveryCodes };
  }

  @Post('logout')
  @SignedInOnly()
  @HttpCode(204)
  async logOut(
    @CurrentUser() principal: UserPrincipal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    await this.signIns.end(principal);
    reply.header('set-cookie', this.sessions.clearCookie());
  }
}

function answer({ user, cookie }: SignedIn, reply: FastifyReply): SignedInDto {
  reply.header('set-cookie', cookie);
  return { user: { id: user.id, email: user.email, role: user.role } };
}
