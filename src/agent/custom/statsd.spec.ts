import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as pass } from 'node:timers/promises';
import fc from 'fast-check';
import { isRejection, parseReport } from '../../core/model/parse-report.js';
import type { CustomReading } from '../../core/model/report.js';
import { CustomMetrics } from './custom-metrics.js';
import { CustomPart } from './custom-part.js';
import { StatsdAggregate } from './statsd-aggregate.js';
import { StatsdPort } from './statsd-port.js';

const RUNS = process.env['SOAK'] ? 100_000 : 150;

class Clock {
  now = 0;
  readonly aggregate = new StatsdAggregate({ idleMs: 60_000, now: () => this.now, random: () => 0.5 });
}

let clock: Clock;
let aggregate: StatsdAggregate;
beforeEach(() => ({ aggregate } = clock = new Clock()));

const drain = (): Record<string, CustomReading['value']> =>
  Object.fromEntries(aggregate.drain().readings.map(({ name, value }) => [name, value]));

describe('StatsD', () => {
  it('makes totals of counters, with their rates, that begin at zero so that no count is lost', () => {
    aggregate.take('web.hits:1|c\nweb.hits:2|c|@0.1\n');
    expect(drain()).toEqual({ 'web.hits': 0 });
    expect(drain()).toEqual({ 'web.hits': 21 });
    aggregate.take('web.hits:4:5|c');
    expect(aggregate.drain().readings).toEqual([{ name: 'web.hits', value: 30, kind: 'counter' }]);
  });

  it('sets gauges, and moves them by what has a sign', () => {
    aggregate.take('pool.free:10|g\npool.free:-4|g\npool.free:+1.5|g');
    expect(drain()).toEqual({ 'pool.free': 7.5 });
    expect(drain()).toEqual({ 'pool.free': 7.5 });
  });

  it('summarises timers anew for each report', () => {
    for (let value = 1; value <= 100; value++) aggregate.take(`api.latency:${value}|ms|@0.5`);
    const { readings } = aggregate.drain();
    const value = (of: string) => readings.find(({ name }) => name === `api.latency.${of}`)?.value;
    expect(['count', 'min', 'max', 'mean', 'p50', 'p90', 'p99'].map(value)).toEqual([
      0, 1, 100, 50.5, 50, 90, 99,
    ]);
    expect(readings.filter(({ unit }) => unit === 'ms')).toHaveLength(6);
    expect(drain()).toEqual({ 'api.latency.count': 200 });
  });

  it('counts the different members of a set', () => {
    aggregate.take('users:anna|s\nusers:b:c|s\nusers:anna|s');
    expect(drain()).toEqual({ users: 2 });
    expect(drain()).toEqual({ users: 0 });
  });

  it('has tags as labels, each combination a series, and spells names as the hub does', () => {
    aggregate.take(
      'my-app/jobs:1|g|#queue:mail:high,fast,1st:x\nmy-app/jobs:2|g|#queue:print|c:abc|T1656581400',
    );
    expect(aggregate.drain().readings).toEqual([
      { name: 'my_app_jobs', value: 1, labels: { queue: 'mail:high', fast: 'true', _1st: 'x' } },
      { name: 'my_app_jobs', value: 2, labels: { queue: 'print' } },
    ]);
  });

  it('names what it cannot take, and takes the rest of the datagram', () => {
    const lines = ['nonsense', 'x:1|q', 'x:1|c|@2', 'x:|c', 'x:-1|c', 'x:one|g', 'memory.used:1|g', '9:1|c'];
    aggregate.take(['good:1|g', ...lines, 'good:1|c', '_e{1,1}:a|b', '_sc|a|0', ''].join('\n'));
    const { readings, problems } = aggregate.drain();
    expect(readings.map(({ name }) => name)).toEqual(['good', 'x']);
    expect(problems.join('\n')).not.toMatch(/nonsense|one$/m);
    expect(problems).toEqual(
      expect.arrayContaining([
        'a line is not name:value|type',
        'x is a counter and cannot go down: take a gauge',
        'x is sent as another type than before',
        expect.stringContaining('memory, which is built in: call it app.memory.used'),
        'good is sent as another type than before',
      ]),
    );
  });

  it('forgets what nobody sends any more, and its faults', () => {
    aggregate.take('a:1|g\nb:1|c\nnonsense');
    clock.now = 50_000;
    aggregate.take('b:1|c');
    clock.now = 70_000;
    expect(aggregate.drain()).toMatchObject({ readings: [{ name: 'b' }], problems: [] });
    aggregate.take('a:1|c');
    expect(drain()).toEqual({ b: 2, a: 0 });
  });

  it('stays within its bounds under a flood of names, members and values', () => {
    for (let id = 0; id < 5_000; id++)
      aggregate.take(`flood${id}:1|c\nset:m${id}|s\ntime:${id}|ms\nsure:1|c`);
    const { readings, problems } = aggregate.drain();
    expect(readings.length).toBeLessThanOrEqual(2_000);
    expect(readings.find(({ name }) => name === 'set')?.value).toBe(5_000);
    expect(readings.find(({ name }) => name === 'time.max')?.value).toBe(4_999);
    expect(problems).toEqual(['there are more series than a report has room for']);
  });

  it('never throws, and what it gives is what the hub takes', () => {
    const piece = fc.constantFrom(
      ...[
        'a',
        'a.b',
        'cpu',
        ':',
        '|',
        '@',
        '#',
        ',',
        'c',
        'g',
        'ms',
        's',
        'h',
        '0.5',
        '1',
        '-1',
        '1e308',
        'Infinity',
      ],
      ...[
        '__proto__',
        'constructor',
        '\n',
        '\u0000',
        '\ud800',
        'é',
        ' ',
        'a:1|c',
        'a:2|g|#__proto__:x',
        'b:9|ms|#k:v',
      ],
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 40 }).map((all) => all.join('')),
      fc.string({ unit: 'binary', maxLength: 200 }),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 8 }), (datagrams) => {
        const one = new Clock().aggregate;
        for (const datagram of datagrams) one.take(datagram);
        for (let turn = 0; turn < 2; turn++) {
          const { readings, problems } = one.drain();
          const part = new CustomPart(2_000);
          part.add('statsd', readings);
          const parsed = parseReport(JSON.parse(JSON.stringify({ at: 1e12, custom: part.readings })), 1e12);
          if (isRejection(parsed)) throw new Error(`${parsed.code} ${parsed.path}`);
          expect(parsed.keys).toHaveLength(part.readings.length);
          for (const line of problems) expect(line).not.toMatch(/[\u0000-\u001f]/);
        }
      }),
      { numRuns: RUNS },
    );
  });
});

describe('the StatsD port', () => {
  it('takes datagrams on loopback only, beside files, and says when it cannot', async () => {
    const taken = createSocket('udp4').bind(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const blocked = new StatsdPort(port, () => undefined);
    blocked.open();
    for (let turn = 0; turn < 100 && !blocked.problem; turn++) await new Promise(setImmediate);
    expect(blocked.problem).toBe(`port ${port} cannot be opened: EADDRINUSE`);
    blocked.close();
    taken.close();
    await once(taken, 'close');

    const metrics = new CustomMetrics({ statsd: { port, idleMs: 60_000 } });
    metrics.open();
    const sender = createSocket('udp4');
    const say = (text: string, host = '127.0.0.1') =>
      new Promise((resolve) => sender.send(text, port, host, resolve));
    try {
      const deadline = Date.now() + 5_000;
      for (;;) {
        await say('queue.depth:17|g|#queue:mail');
        await pass(10);
        const { custom, leftOut } = (await metrics.collect()).fit({ at: 0 });
        expect(leftOut).toEqual([]);
        if (custom.custom) {
          expect(custom.custom).toEqual([{ name: 'queue.depth', value: 17, labels: { queue: 'mail' } }]);
          break;
        }
        if (Date.now() > deadline) throw new Error('no datagram arrived');
      }
    } finally {
      sender.close();
      metrics.close();
    }
  });
});
