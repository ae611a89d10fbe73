import { BootSequence } from './boot-sequence.js';

const noteAll = (reports: readonly [id: string, at: number][]) => {
  const sequence = new BootSequence();
  return reports.map(([id, at]) => sequence.note(id, at, `192.0.2.${id === 'a' ? 1 : 2}`));
};

describe('boots that report as one machine', () => {
  it('take turns: two machines, told with the first report that shows it, once', () => {
    const told = noteAll([
      ['a', 10],
      ['b', 11],
      ['a', 20],
      ['b', 21],
      ['a', 30],
    ]);
    expect(told).toEqual([
      undefined,
      undefined,
      [
        { bootId: 'a', address: '192.0.2.1' },
        { bootId: 'b', address: '192.0.2.2' },
      ],
      undefined,
      undefined,
    ]);
  });

  it('follow one another for good: a machine that was started anew, however often', () => {
    const told = noteAll([
      ['a', 10],
      ['a', 20],
      ['b', 30],
      ['b', 40],
      ['c', 50],
    ]);
    expect(told.filter(Boolean)).toEqual([]);
  });

  it('come in another order than they measured, as a machine sends what it kept after its restart', () => {
    const told = noteAll([
      ['a', 10],
      ['b', 100],
      ['a', 20],
      ['b', 110],
      ['a', 30],
      ['a', 99],
      ['b', 120],
    ]);
    expect(told.filter(Boolean)).toEqual([]);
  });

  it('are one after the other also where the clock was set back at the restart', () => {
    const told = noteAll([
      ['a', 400],
      ['b', 110],
      ['b', 390],
      ['b', 410],
      ['a', 300],
      ['b', 420],
    ]);
    expect(told.filter(Boolean)).toEqual([]);
  });
});
