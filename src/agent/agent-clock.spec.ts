import { AgentClock } from './agent-clock.js';

const NOON = Date.UTC(2026, 10, 22, 12);
const MINUTE_MS = 60_000;

/** A machine whose wall clock is `wall` at first; `pass` lets time go by, `sleep` as suspended. */
function openMachine(wall: number) {
  const machine = { wall, steady: 500, up: 100 };
  const clock = new AgentClock({
    wall: () => machine.wall,
    steady: () => machine.steady,
    uptime: () => machine.up,
  });
  const pass = (ms: number, isAsleep = false): void => {
    machine.wall += ms;
    machine.up += ms / 1_000;
    if (!isAsleep) machine.steady += ms;
  };
  return { machine, clock, pass };
}

describe('AgentClock', () => {
  it('leaves a clock alone that is a few minutes off, and tells by how much', () => {
    const { clock } = openMachine(NOON);
    clock.learn(NOON + 9 * MINUTE_MS - 50, 100);
    expect(clock.offsetMs).toBe(9 * MINUTE_MS);
    expect(clock.isCorrecting).toBe(false);
    expect(clock.now()).toBe(NOON);
  });

  it.each([-365 * 24 * 60, -25 * 60, -11, 11, 60, 25 * 60])(
    'corrects one that is %d minutes off',
    (minutes) => {
      const { clock, pass } = openMachine(NOON + minutes * MINUTE_MS);
      clock.learn(NOON, 0);
      expect(clock.isCorrecting).toBe(true);
      pass(5_000);
      expect(clock.now()).toBe(NOON + 5_000);
    },
  );

  it('does not trust a clock of 1970 until the hub has told the time', () => {
    const { clock } = openMachine(20_000);
    expect(clock.isTrusted).toBe(false);
    clock.learn(NOON, 0);
    expect(clock.isTrusted).toBe(true);
    expect(clock.now()).toBe(NOON);
  });

  it('notices a jump between two answers, and when the clock is set right', () => {
    const { machine, clock, pass } = openMachine(NOON);
    clock.learn(NOON, 0);
    pass(MINUTE_MS);
    machine.wall += 60 * MINUTE_MS;
    expect(clock.now()).toBe(NOON + MINUTE_MS);
    machine.wall -= 60 * MINUTE_MS;
    expect(clock.isCorrecting).toBe(false);
    expect(clock.now()).toBe(NOON + MINUTE_MS + 1);
  });

  it('takes the sleep of a laptop for time that has passed', () => {
    const { clock, pass } = openMachine(NOON);
    clock.learn(NOON, 0);
    pass(8 * 60 * MINUTE_MS, true);
    expect(clock.isCorrecting).toBe(false);
    expect(Math.abs(clock.offsetMs!)).toBeLessThan(5_000);
  });

  it('gives no instant twice', () => {
    const { clock } = openMachine(NOON);
    expect([clock.now(), clock.now(), clock.now()]).toEqual([NOON, NOON + 1, NOON + 2]);
  });
});
