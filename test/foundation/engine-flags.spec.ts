import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { ENGINE_FLAGS } from '../support/engine-flags.js';

/** V8 ignores a flag that it does not know without a word. */
it('every flag that is set while the program runs is one that the engine knows', () => {
  const known = new Set(
    execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 })
      .match(/^ +--[\w-]+/gm)!
      .map((flag) => flag.trim()),
  );
  const set = globSync('src/**/*.ts').flatMap((file) =>
    Array.from(readFileSync(file, 'utf8').matchAll(/setFlagsFromString\('(--[\w-]+)/g), ([, flag]) => flag!),
  );
  expect(set).toContain('--no-allocation-site-pretenuring');
  expect(set.filter((flag) => !known.has(flag.replace(/^--no-/, '--')))).toEqual([]);
});

it('the image starts the hub with the same flags as npm start', () => {
  expect(ENGINE_FLAGS).toEqual(['--min-semi-space-size=16', '--max-semi-space-size=16']);
  const [, command] = /^CMD (\[.+\])$/m.exec(readFileSync('docker/hub.Dockerfile', 'utf8'))!;
  expect(JSON.parse(command!)).toEqual(['node', ...ENGINE_FLAGS, 'dist/src/main.js']);
});
