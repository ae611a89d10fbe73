import { globSync, readFileSync } from 'node:fs';

/** The compiler keeps the class of `input?: X` for the run time, and of `input: X | null` only that it is an object. */
const UNCHECKED = /@Args\([^@]*?\)\s*\w+\??:\s*([A-Z]\w*(?:\s*\|\s*(?:null|undefined))+)/g;

it('arguments of resolvers keep their class, without which nothing in them is checked', () => {
  const files = globSync('src/**/*.resolver.ts');
  expect(files.length).toBeGreaterThan(8);
  const found = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(UNCHECKED)].map(([, type]) => `${file}: ${type}`),
  );
  expect(found).toEqual([]);
});
