import { downAfterMs, evaluateHealth, graceMs, type HubAbsence, lateAfterMs } from './monitor-health.js';

const running = (intervalSeconds: number) => ({ state: 'running' as const, intervalSeconds });
const NOW = 1_795_353_691_000;

/** Health after so many seconds of silence. */
const after = (seconds: number, intervalSeconds: number, ...absences: HubAbsence[]) =>
  evaluateHealth(running(intervalSeconds), { receivedAt: NOW - seconds * 1000 }, NOW, absences);

/** The hub was away from so many seconds ago until so many. */
const away = (from: number, to: number): HubAbsence => ({ fromAt: NOW - from * 1000, toAt: NOW - to * 1000 });

it('calls silence after a goodbye off, and silence after a later report what it is', () => {
  const since = (seconds: number, goodbyeSeconds: number) =>
    evaluateHealth(
      running(10),
      { receivedAt: NOW - seconds * 1000, goodbyeAt: NOW - goodbyeSeconds * 1000 },
      NOW,
      [],
    );
  expect(since(5, 5)).toBe('up');
  expect(since(20, 20)).toBe('off');
  expect(since(3_600, 3_600)).toBe('off');
  expect(since(3_600, 3_700)).toBe('down');
});

describe('patience', () => {
  it.each([
    [1, 1_500, 10_000, 40_000],
    [5, 7_500, 10_000, 40_000],
    [10, 15_000, 10_000, 40_000],
    [30, 45_000, 30_000, 120_000],
    [60, 90_000, 60_000, 240_000],
    [3_600, 5_400_000, 60_000, 10_860_000],
  ])('with %d s: late after %d ms, grace %d ms, down after %d ms', (interval, late, grace, down) => {
    expect(lateAfterMs(interval)).toBe(late);
    expect(graceMs(interval)).toBe(grace);
    expect(downAfterMs(interval)).toBe(down);
  });
});

describe('the health of a monitor', () => {
  it.each([
    [0, 10, 'up'],
    [15, 10, 'up'],
    [15.001, 10, 'late'],
    [40, 10, 'late'],
    [40.001, 10, 'down'],
    [40, 1, 'late'],
    [41, 1, 'down'],
    [10_860, 3_600, 'late'],
    [10_861, 3_600, 'down'],
    [-5, 10, 'up'],
  ])('after %d s of silence at %d s is %s', (seconds, interval, health) => {
    expect(after(seconds, interval)).toBe(health);
  });

  it('is paused while it is stopped, pending until it was heard of', () => {
    expect(evaluateHealth({ state: 'stopped', intervalSeconds: 1 }, { receivedAt: 0 }, NOW, [])).toBe(
      'paused',
    );
    expect(evaluateHealth({ state: 'stopped', intervalSeconds: 1 }, { receivedAt: null }, NOW, [])).toBe(
      'paused',
    );
    expect(evaluateHealth(running(1), { receivedAt: null }, NOW, [away(99, 98)])).toBe('pending');
  });

  it('counts from the start of a monitor that had been stopped, a minute longer', () => {
    const resumed = (seconds: number, heardSeconds: number) =>
      evaluateHealth(
        running(10),
        { receivedAt: NOW - heardSeconds * 1000, resumedAt: NOW - seconds * 1000 },
        NOW,
        [],
      );
    expect(resumed(1, 86_400)).toBe('pending');
    expect(resumed(100, 86_400)).toBe('pending');
    expect(resumed(101, 86_400)).toBe('down');
    expect(resumed(101, 10)).toBe('up');
  });
});

describe('silence while the hub was away', () => {
  it('says nothing about a machine', () => {
    expect(after(3_605, 10, away(3_602, 2))).toBe('up');
    expect(after(3_605, 10, away(3_600, 12))).toBe('late');
  });

  it('makes nobody down until one interval and grace have passed since', () => {
    // 35 s of silence before it, and then some: beyond patience, but the machine had no chance yet.
    expect(after(3_600 + 35, 10, away(3_600, 20))).toBe('late');
    expect(after(3_600 + 35, 10, away(3_600, 21))).toBe('down');
  });

  it('leaves down who was down before', () => {
    expect(after(3_600 + 41, 10, away(3_600, 0))).toBe('down');
  });

  it('does not matter when the machine was heard of since', () => {
    expect(after(41, 10, away(3_600, 41))).toBe('down');
    expect(after(5, 10, away(3_600, 60))).toBe('up');
  });

  it('adds up: a second absence does not make the first one forgotten', () => {
    const absences = [away(7_200, 60), away(50, 44), away(30, 1)];
    expect(after(7_205, 10, ...absences)).toBe('late');
    expect(after(7_205, 60, ...absences)).toBe('up');
  });
});
