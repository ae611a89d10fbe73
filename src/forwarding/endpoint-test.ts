import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { takeAllowance, toRateKey } from '../auth/limits/rate-store.js';
import { UnfailingRates } from '../auth/limits/unfailing-rates.js';
import type { OutboundAnswer } from '../common/outbound/exchange.js';
import { Outbound } from '../common/outbound/outbound.js';
import { OutboundError } from '../common/outbound/outbound-error.js';
import type { UserPrincipal } from '../common/principal.js';
import { DomainError } from '../core/errors.js';
import { type Endpoint, EndpointSettings } from '../monitors/forwarding/endpoint-settings.js';
import { MonitorsService } from '../monitors/monitors.service.js';
import type { EndpointTestModel } from './endpoint-test.model.js';
import { describeFault } from './describe-fault.js';
import { describeStatus, readJson } from './judge-answer.js';

/** Of one user: what they may make the hub send. */
const TESTS = { perSecond: 10 / 60, burst: 5 };
const TIMEOUT_MS = 8_000;
/** No report is in it: what takes reports has nothing to store. */
const TEST_BODY = '{"test":true,"reports":[]}';

/** Finds out whether a monitor's endpoint would take reports, without sending one. */
@Injectable()
export class EndpointTest {
  constructor(
    private readonly monitors: MonitorsService,
    private readonly endpoints: EndpointSettings,
    private readonly outbound: Outbound,
    private readonly rates: UnfailingRates,
    private readonly audit: AuditLog,
  ) {}

  /** @throws DomainError `invalid_input` without an endpoint, `too_many_requests` */
  async run(user: UserPrincipal, monitorId: string): Promise<EndpointTestModel> {
    const monitor = await this.monitors.get(user, monitorId);
    const endpoint = this.endpoints.open(monitor);
    if (!endpoint)
      throw new DomainError('invalid_input', 'This monitor has no endpoint. Set one first.', 'id');
    await this.assertAllowance(user.userId);
    const { id: targetId, name: targetName, endpointUrl } = monitor;
    await this.audit.record(
      {
        ...{ action: 'monitor.endpointTested', targetType: 'monitor', targetId, targetName },
        ...{ before: null, after: { endpointUrl } },
      },
      user,
    );
    if (endpoint.isKeyUnreadable) {
      const message = 'The key cannot be read any more. Enter it again.';
      return { isWell: false, code: 'key_unreadable', message };
    }
    try {
      return await this.ask(endpoint);
    } catch (error) {
      if (error instanceof OutboundError) return { isWell: false, ...describeFault(error, endpoint.url) };
      throw error;
    }
  }

  /** A hub says of a key what it is worth; whatever else stands there gets a message that holds no report. */
  private async ask(endpoint: Endpoint): Promise<EndpointTestModel> {
    const asked = await this.request(endpoint, 'GET');
    if (isHubsDescription(asked)) {
      const message = 'Another Watchkeeper answers there, and knows the key.';
      return { isWell: true, code: 'hub', message };
    }
    if (asked.status === 401 || asked.status === 403) return describeRefusal(asked);
    const answer = await this.request(endpoint, 'POST');
    if (answer.status < 200 || answer.status >= 300) return describeRefusal(answer);
    return { isWell: true, code: 'taken', message: 'The endpoint answers, and took a test message.' };
  }

  private request(endpoint: Endpoint, method: 'GET' | 'POST'): Promise<OutboundAnswer> {
    return this.outbound.request({
      url: endpoint.url,
      method,
      headers: {
        'user-agent': 'Watchkeeper',
        ...(method === 'POST' && { 'content-type': 'application/json' }),
        ...(endpoint.key !== undefined && { 'x-api-key': endpoint.key }),
      },
      ...(method === 'POST' && { body: TEST_BODY }),
      timeoutMs: TIMEOUT_MS,
      answer: 'start',
    });
  }

  private async assertAllowance(userId: string): Promise<void> {
    const key = toRateKey('endpointTest', userId);
    const waitSeconds = await this.rates.update([key], (rates) => takeAllowance(rates, key, TESTS));
    if (waitSeconds === 0) return;
    const message = 'Too many tests. Try again in a moment.';
    throw new DomainError('too_many_requests', message, undefined, Math.ceil(waitSeconds));
  }
}

function isHubsDescription(answer: OutboundAnswer): boolean {
  const body = answer.status === 200 ? readJson(answer) : undefined;
  return typeof body?.['now'] === 'number' && typeof body['config'] === 'object';
}

const describeRefusal = ({ status }: OutboundAnswer): EndpointTestModel => ({
  isWell: false,
  code: `http_${status}`,
  message: describeStatus(status),
});
