import { jest } from '@jest/globals';
import { CoalescingStream, flattenStream } from './coalescing-stream.js';

let onDone: jest.Mock<() => void>;
let stream: CoalescingStream<string, number>;

beforeEach(() => {
  jest.useFakeTimers();
  onDone = jest.fn();
  stream = new CoalescingStream(1_000, onDone);
});
afterEach(async () => {
  await stream.return();
  jest.useRealTimers();
});

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

/** Starts reading; `got` holds what was read so far. */
function read(): { got: unknown[] } {
  const reading: { got: unknown[] } = { got: [] };
  void stream.next().then(({ done, value }) => reading.got.push(done ? 'done' : Object.fromEntries(value)));
  return reading;
}

describe('a coalescing stream', () => {
  it('hands over at once what comes first, and no sooner than a second later what comes next', async () => {
    const first = read();
    stream.note('a', 1);
    await pass(0);
    expect(first.got).toEqual([{ a: 1 }]);
    const second = read();
    stream.note('a', 2);
    await pass(500);
    stream.note('a', 3);
    stream.note('b', 4);
    await pass(499);
    expect(second.got).toEqual([]);
    await pass(1);
    expect(second.got).toEqual([{ a: 3, b: 4 }]);
  });

  it('keeps one value a key for a reader that is slow, however much comes', async () => {
    for (let value = 0; value < 100_000; value++) stream.note(`key-${value % 3}`, value);
    await pass(60_000);
    const reading = read();
    await pass(0);
    expect(reading.got).toEqual([{ 'key-0': 99_999, 'key-1': 99_997, 'key-2': 99_998 }]);
    const next = read();
    await pass(60_000);
    expect(next.got).toEqual([]);
  });

  it('merges what waits where it is told how', async () => {
    const add = (waiting: number, value: number): number => waiting + value;
    stream.note('a', 1, add);
    stream.note('a', 2, add);
    const reading = read();
    await pass(0);
    stream.note('a', 10, add);
    const next = read();
    await pass(1_000);
    expect([reading.got, next.got]).toEqual([[{ a: 3 }], [{ a: 10 }]]);
  });

  it('ended while somebody waits ends the waiting, stops its timer and tells once', async () => {
    const reading = read();
    await stream.return();
    await stream.return();
    await pass(0);
    expect(reading.got).toEqual(['done']);
    expect(onDone).toHaveBeenCalledTimes(1);
    stream.note('a', 1);
    expect(jest.getTimerCount()).toBe(0);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('ended between a value and its batch leaves no timer', async () => {
    void read();
    stream.note('a', 1);
    expect(jest.getTimerCount()).toBe(1);
    await stream.return();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('goes on when the hub’s clock is set back', async () => {
    void read();
    stream.note('a', 1);
    await pass(0);
    jest.setSystemTime(Date.now() - 3_600_000);
    const reading = read();
    stream.note('a', 2);
    await pass(1_000);
    expect(reading.got).toEqual([{ a: 2 }]);
  });
});

describe('flattenStream', () => {
  it('hands out what a batch becomes, one after the other, and passes over what becomes nothing', async () => {
    const flat = flattenStream(stream, (batch) => [...batch.values()].filter((value) => value > 1));
    const got: number[] = [];
    const reading = (async () => {
      for await (const value of flat) got.push(value);
    })();
    stream.note('a', 1);
    await pass(0);
    stream.note('b', 2);
    stream.note('c', 3);
    await pass(1_000);
    expect(got).toEqual([2, 3]);
    await flat.return!();
    await reading;
    expect(onDone).toHaveBeenCalledTimes(1);
  });

  it('ended within a batch hands out nothing more', async () => {
    stream.note('a', 1);
    stream.note('b', 2);
    const flat = flattenStream(stream, (batch) => [...batch.values()]);
    const first = flat.next();
    await pass(0);
    expect(await first).toEqual({ done: false, value: 1 });
    await flat.return!();
    expect(await flat.next()).toEqual({ done: true, value: undefined });
  });

  it('lets go of its source when a batch cannot be made', async () => {
    stream.note('a', 1);
    const failing = flattenStream<ReadonlyMap<string, number>, number>(stream, () =>
      Promise.reject(new Error('database away')),
    );
    const next = expect(failing.next()).rejects.toThrow('database away');
    await pass(0);
    await next;
    expect(onDone).toHaveBeenCalledTimes(1);
    expect(await failing.next()).toEqual({ done: true, value: undefined });
  });
});
