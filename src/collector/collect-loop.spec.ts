import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CollectLoop, phaseOf } from './collect-loop.js';

const ID = '6f1f2e0a-9f3b-4a3e-8d8f-0d6f3f0c7a11';
const START = 1_795_353_691_461;

let rounds: number[];
let work: {
  prime: jest.Mock<() => Promise<void>>;
  run: jest.Mock<() => Promise<void>>;
  close: jest.Mock<() => Promise<void>>;
};
let scheduler: SchedulerRegistry;
let loop: CollectLoop;

beforeEach(() => {
  jest.useFakeTimers({ now: START });
  rounds = [];
  work = {
    prime: jest.fn(async () => undefined),
    run: jest.fn(async () => void rounds.push(Date.now())),
    close: jest.fn(async () => undefined),
  };
  scheduler = new SchedulerRegistry();
});
afterEach(() => {
  loop.stop();
  jest.useRealTimers();
  jest.restoreAllMocks();
});

const begin = (intervalSeconds: number): void => {
  loop = new CollectLoop(ID, intervalSeconds, scheduler, work);
  loop.start();
};
const pass = (seconds: number) => jest.advanceTimersByTimeAsync(seconds * 1_000);
const offsetOf = (at: number, intervalMs: number) => at % intervalMs;

describe('a collect loop', () => {
  it('reports a second after its start, then on the beat of its monitor without drift', async () => {
    begin(10);
    expect(work.prime).toHaveBeenCalledTimes(1);
    await pass(3_600);
    expect(rounds[0]).toBe(START + 1_000);
    const beats = rounds.slice(1);
    expect(beats.length).toBeGreaterThanOrEqual(358);
    expect(new Set(beats.map((at) => offsetOf(at, 10_000)))).toEqual(
      new Set([Math.floor(phaseOf(ID) * 10_000)]),
    );
    for (let index = 1; index < beats.length; index++) expect(beats[index]! - beats[index - 1]!).toBe(10_000);
  });

  it('gives a thousand monitors a thousand phases', () => {
    begin(10);
    const phases = Array.from({ length: 1_000 }, (_, index) => phaseOf(`monitor-${index}`));
    expect(phases.every((phase) => phase >= 0 && phase < 1)).toBe(true);
    const tenths = Map.groupBy(phases, (phase) => Math.floor(phase * 10));
    for (const inTenth of tenths.values()) expect(inTenth.length).toBeLessThan(200);
  });

  it('never runs twice at once: a slow round makes the next one wait for a beat', async () => {
    let running = 0;
    let most = 0;
    work.run.mockImplementation(async () => {
      rounds.push(Date.now());
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2_700));
      running--;
    });
    begin(1);
    await pass(60);
    expect(most).toBe(1);
    for (let index = 2; index < rounds.length; index++) {
      expect(rounds[index]! - rounds[index - 1]!).toBeGreaterThanOrEqual(2_700);
      expect(rounds[index]! - rounds[index - 1]!).toBeLessThanOrEqual(4_000);
      expect(offsetOf(rounds[index]!, 1_000)).toBe(Math.floor(phaseOf(ID) * 1_000));
    }
  });

  it('goes on after a round that failed, and after a start that failed', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    work.prime.mockRejectedValueOnce(new Error('no baseline'));
    work.run.mockRejectedValueOnce(new Error('no values'));
    begin(1);
    await pass(10);
    expect(error).toHaveBeenCalledTimes(2);
    expect(rounds.length).toBeGreaterThanOrEqual(8);
  });

  it('takes another interval at once, also in the middle of a round', async () => {
    begin(3_600);
    await pass(2);
    expect(rounds).toHaveLength(1);
    loop.changeInterval(2);
    await pass(1);
    expect(rounds).toHaveLength(2);
    await pass(20);
    expect(rounds.length).toBeGreaterThanOrEqual(11);

    let isInRound = false;
    work.run.mockImplementationOnce(async () => {
      isInRound = true;
      await new Promise((resolve) => setTimeout(resolve, 500));
    });
    while (!isInRound) await pass(0.1);
    loop.changeInterval(60);
    const before = rounds.length;
    await pass(600);
    expect(rounds.length - before).toBe(10);
    expect(offsetOf(rounds.at(-1)!, 60_000)).toBe(Math.floor(phaseOf(ID) * 60_000));
  });

  it('the same interval again changes nothing', async () => {
    begin(60);
    await pass(2);
    loop.changeInterval(60);
    await pass(3);
    expect(rounds).toHaveLength(1);
  });

  it('stops: no round more, what it opened is closed once, no timer is left', async () => {
    begin(1);
    await pass(5);
    loop.stop();
    loop.stop();
    expect(work.close).toHaveBeenCalledTimes(1);
    expect(scheduler.getTimeouts()).toEqual([]);
    const before = rounds.length;
    await pass(60);
    expect(rounds).toHaveLength(before);
  });

  it('stopped within a round closes when that is over, and may have a successor meanwhile', async () => {
    work.run.mockImplementationOnce(() => new Promise((resolve) => setTimeout(resolve, 3_000)));
    begin(10);
    await pass(2);
    loop.stop();
    expect(work.close).not.toHaveBeenCalled();
    const successor = new CollectLoop(ID, 10, scheduler, { ...work, run: async () => undefined });
    successor.start();
    await pass(3);
    expect(work.close).toHaveBeenCalledTimes(1);
    expect(scheduler.getTimeouts()).toHaveLength(1);
    successor.stop();
  });

  it('keeps its beat when the clock is set', async () => {
    begin(10);
    await pass(30);
    for (const jump of [3_600_000, -7_200_000]) {
      jest.setSystemTime(Date.now() + jump);
      const before = rounds.length;
      await pass(60);
      expect(rounds.length - before).toBeGreaterThanOrEqual(5);
      expect(offsetOf(rounds.at(-1)!, 10_000)).toBe(Math.floor(phaseOf(ID) * 10_000));
    }
  });
});
