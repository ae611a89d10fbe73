import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HubError } from './hub-error.ts';
import { askPatiently } from './patience.ts';

const refusal = (code: string, retryAfterSeconds?: number) => new HubError('no', { code, retryAfterSeconds });

/** Asks what answers with these in turn; says how often it was asked and how long it was waited for. */
async function ask(...answers: (HubError | string)[]) {
  let asked = 0;
  const waits: number[] = [];
  const outcome = await askPatiently(
    async () => {
      const answer = answers[Math.min(asked++, answers.length - 1)];
      if (answer instanceof HubError) throw answer;
      return answer;
    },
    async (ms) => void waits.push(ms),
  ).catch((error: HubError) => error.code);
  return { outcome, asked, waits };
}

test('a question of somebody who clicks fast is asked again when there is room', async () => {
  const { outcome, asked, waits } = await ask(
    refusal('too_many_requests', 1),
    refusal('too_many_requests', 3),
    'answer',
  );
  assert.deepEqual([outcome, asked, waits.length], ['answer', 3, 2]);
  assert.ok(waits[0]! >= 1000 && waits[0]! <= 2000 && waits[1]! >= 3000 && waits[1]! <= 6000);
});

test('a long wait, another refusal and no end of refusals are said', async () => {
  assert.deepEqual(await ask(refusal('too_many_requests', 11)), {
    outcome: 'too_many_requests',
    asked: 1,
    waits: [],
  });
  assert.equal((await ask(refusal('too_many_requests'))).asked, 1);
  assert.equal((await ask(refusal('overloaded', 1))).asked, 1);
  const { outcome, asked } = await ask(refusal('too_many_requests', 1));
  assert.deepEqual([outcome, asked], ['too_many_requests', 6]);
});
