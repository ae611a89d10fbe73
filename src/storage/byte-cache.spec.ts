import { ByteCache } from './byte-cache.js';

describe('a cache of so many bytes', () => {
  it('lets go what was not used for longest, and counts what it keeps', () => {
    const cache = new ByteCache<string>(100);
    for (const key of ['a', 'b', 'c']) cache.set(key, key, 30);
    expect(cache.get('a')).toBe('a');
    cache.set('d', 'd', 40);
    expect(['a', 'b', 'c', 'd'].map((key) => cache.get(key))).toEqual(['a', undefined, 'c', 'd']);
    expect(cache.size).toBe(100);
  });

  it('counts a value that has grown anew, and keeps none that is larger than all of it', () => {
    const cache = new ByteCache<string>(100);
    cache.set('a', 'small', 10);
    cache.set('a', 'large', 90);
    expect([cache.get('a'), cache.size]).toEqual(['large', 90]);
    cache.set('a', 'huge', 101);
    expect([cache.get('a'), cache.size]).toEqual([undefined, 0]);
  });
});
