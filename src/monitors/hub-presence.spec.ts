import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Pool } from 'pg';
import type { StorageSpace } from '../storage/storage-space.js';
import { HubPresence } from './hub-presence.js';

const START = 1_795_353_691_000;

describe('the hub’s presence', () => {
  let row: number | undefined;
  let isReachable: boolean;
  let presence: HubPresence;
  let space: { isFull: boolean };

  beforeEach(() => {
    jest.useFakeTimers({ now: START });
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    row = undefined;
    isReachable = true;
    space = { isFull: false };
    // One row that can be read and written: a clock that jumps for hours needs no Postgres beside it.
    const query = async (statement: string | { values: number[] }) => {
      if (!isReachable) throw new Error('cut');
      if (typeof statement === 'string') return { rows: row === undefined ? [] : [{ at: String(row) }] };
      row = statement.values[0];
      return { rows: [] };
    };
    presence = new HubPresence({ query } as unknown as Pool, space as StorageSpace);
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  /** Time passes and the hub ticks. */
  const live = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      jest.setSystemTime(Date.now() + 1_000);
      await presence.tick();
    }
  };
  const absences = () =>
    presence.absences.map(({ fromAt, toAt }) => [(fromAt - START) / 1000, (toAt - START) / 1000]);

  it('knows of no absence at the first start', async () => {
    await presence.onModuleInit();
    await live(60);
    expect(absences()).toEqual([]);
    expect(row).toBe(START + 60_000);
  });

  it('was away from its last heartbeat to this start', async () => {
    row = START - 3_600_000;
    await presence.onModuleInit();
    expect(absences()).toEqual([[-3_600, 0]]);
    expect(row).toBe(START);
  });

  it('makes nothing of a heartbeat of the future', async () => {
    row = START + 3_600_000;
    await presence.onModuleInit();
    expect(absences()).toEqual([]);
  });

  it('notices that it stood still, whoever looks first', async () => {
    await presence.onModuleInit();
    await live(3);
    jest.setSystemTime(START + 63_000);
    expect(absences()).toEqual([[3, 63]]);
    await live(3);
    expect(absences()).toEqual([[3, 63]]);
    jest.setSystemTime(START + 30_000);
    await live(30);
    expect(absences()).toEqual([[3, 63]]);
  });

  it('was away as long as the database was, from its last answer on', async () => {
    await presence.onModuleInit();
    await live(20);
    isReachable = false;
    await live(300);
    const [[from, to]] = absences() as [[number, number]];
    expect(from).toBe(20);
    expect(to).toBeGreaterThanOrEqual(310);
    isReachable = true;
    await live(60);
    expect(absences()).toEqual([[20, to]]);
  });

  it('remembers several absences', async () => {
    row = START - 3_600_000;
    await presence.onModuleInit();
    await live(10);
    jest.setSystemTime(START + 20_000);
    await live(1);
    expect(absences()).toEqual([
      [-3_600, 0],
      [10, 21],
    ]);
  });

  it('is not given while reports are refused for want of room, and is again when they are taken', async () => {
    await presence.onModuleInit();
    await live(10);
    space.isFull = true;
    await live(60);
    expect(absences()).toEqual([[10, 70]]);
    space.isFull = false;
    await live(20);
    expect(absences()).toEqual([[10, 70]]);
  });
});
