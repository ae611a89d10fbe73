import fc from 'fast-check';
import { LruMap } from './lru-map.js';

const CAPACITY = 4;

it('remembers the last entries used, as many as its capacity, and never more than twice as many', () => {
  const operation = fc.record({
    kind: fc.constantFrom('get', 'set', 'delete'),
    key: fc.integer({ min: 0, max: 12 }),
    value: fc.integer({ min: 1, max: 1_000 }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const map = new LruMap<number, number>(CAPACITY);
      const truth = new Map<number, number>();
      /** Keys in the order of their last use. */
      let used: number[] = [];
      for (const { kind, key, value } of operations) {
        if (kind === 'set') {
          map.set(key, value);
          truth.set(key, value);
        } else if (kind === 'delete') {
          map.delete(key);
          truth.delete(key);
        } else {
          const got = map.get(key);
          expect(got === undefined || got === truth.get(key)).toBe(true);
          if (used.slice(-CAPACITY).includes(key)) expect(got).toBe(truth.get(key));
          // What it forgot stays forgotten.
          if (got === undefined) truth.delete(key);
        }
        used = used.filter((other) => other !== key);
        if (truth.has(key)) used.push(key);
      }
      let kept = 0;
      map.deleteWhere(() => {
        kept++;
        return true;
      });
      expect(kept).toBeLessThanOrEqual(2 * CAPACITY);
      expect([...truth.keys()].filter((key) => map.get(key) !== undefined)).toEqual([]);
    }),
  );
});

it('a changed entry does not come back as it was', () => {
  const map = new LruMap<string, number>(2);
  map.set('kept', 1);
  map.set('other', 1);
  map.set('more', 1);
  map.set('kept', 2);
  for (const key of ['a', 'b', 'c', 'd']) {
    map.set(key, 1);
    expect([undefined, 2]).toContain(map.get('kept'));
  }
});
