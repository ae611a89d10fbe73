import type { OutboundAnswer } from '../common/outbound/exchange.js';
import { backoffMs, readRetryAfter } from './backoff.js';
import { judgeAnswer } from './judge-answer.js';
import { ServerGate } from './server-gate.js';

const NOW = Date.parse('2026-11-22T12:00:00Z');

function answer(status: number, body: unknown = '', headers: Record<string, string> = {}): OutboundAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers, body: Buffer.from(text), isCut: false, durationMs: 1 };
}
const judge = (...given: Parameters<typeof answer>) => judgeAnswer(answer(...given), 3, NOW);

describe('an answer to reports that were sent on', () => {
  it('of a hub says which were refused', () => {
    const rejected = [
      { index: 1, code: 'not_finite', path: '/cpu' },
      { index: 1, code: 'not_finite', path: '/cpu' },
      { index: 99, code: 'x', path: '' },
      { index: 'a' },
      null,
    ];
    expect(judge(200, { accepted: 2, duplicates: 0, rejected })).toEqual({
      ...{ way: 'taken', refused: [1], isHub: true },
    });
    expect(
      judge(422, { code: 'nothing_accepted', accepted: 0, rejected: [{ index: 0 }, { index: 2 }] }),
    ).toEqual({
      ...{ way: 'taken', refused: [0, 2], isHub: true },
    });
  });

  it.each([
    '',
    'ok',
    '{"accepted":',
    '{}',
    '[]',
    'null',
    '{"accepted":true,"rejected":[]}',
    '{"accepted":1}',
  ])('of anybody else that is 200 means taken: %j', (body) =>
    expect(judge(200, body)).toEqual({ way: 'taken', refused: [], isHub: false }),
  );

  it.each([
    [400, 'split'],
    [401, 'refused'],
    [403, 'refused'],
    [404, 'refused'],
    [405, 'refused'],
    [408, 'retry'],
    [409, 'retry'],
    [410, 'refused'],
    [413, 'split'],
    [418, 'refused'],
    [422, 'split'],
    [429, 'retry'],
    [500, 'retry'],
    [503, 'retry'],
  ])('of status %i: %s, and a line that says what to do', (status, way) => {
    const verdict = judge(status, { title: 'wk_secret' });
    expect(verdict).toMatchObject({
      way,
      code: `http_${status}`,
      message: expect.stringMatching(/^The|^This|^A/),
    });
    expect(JSON.stringify(verdict)).not.toContain('secret');
  });

  it('says when to come back', () => {
    expect(judge(429, '', { 'retry-after': '7' })).toMatchObject({ afterMs: 7_000 });
    expect(judge(503, '', { 'retry-after': 'Sun, 22 Nov 2026 12:00:30 GMT' })).toMatchObject({
      afterMs: 30_000,
    });
    for (const text of ['-1', 'soon', 'Sun, 22 Nov 2020 12:00:30 GMT', '', undefined])
      expect(readRetryAfter(text, NOW)).toBe(0);
    expect(readRetryAfter('999999999', NOW)).toBe(3_600_000);
  });
});

describe('the next attempt', () => {
  it('comes within 1 s, 2 s, 4 s … a minute', () => {
    expect([1, 2, 3, 7, 8, 1_000].map((failures) => backoffMs(failures, 1))).toEqual([
      ...[1_000, 2_000, 4_000, 60_000, 60_000, 60_000],
    ]);
    expect(backoffMs(5, 0)).toBe(100);
    expect(backoffMs(5, 0.25)).toBe(4_000);
  });

  it('at a server that did not answer is one, until it answers', () => {
    const gate = new ServerGate();
    for (let count = 0; count < 4; count++) {
      expect(gate.waitMs(0)).toBe(0);
      gate.enter();
    }
    expect(gate.waitMs(0)).toBe(Infinity);
    const fault = { code: 'timeout', message: 'no answer' };
    for (let count = 0; count < 4; count++) {
      gate.leave();
      gate.noteSilence(fault, 0, 1);
    }
    expect(gate.waitMs(400)).toBe(600);
    expect(gate.waitMs(1_000)).toBe(0);
    gate.enter();
    expect(gate.waitMs(1_000)).toBe(Infinity);
    gate.leave();
    gate.noteSilence(fault, 1_000, 1);
    expect(gate.waitMs(1_000)).toBe(2_000);
    gate.enter();
    gate.noteAnswer();
    expect([gate.waitMs(1_000), gate.fault]).toEqual([0, undefined]);
  });
});
