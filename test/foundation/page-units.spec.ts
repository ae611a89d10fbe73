import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

// The page's own tests run on Node's test runner, beside their code under web/: `npm test` means them too.
it('the unit tests of the page pass', () => {
  const bin = join(process.cwd(), 'node_modules/.bin');
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const end = spawnSync('npm', ['-w', 'web', 'test', '--silent'], { encoding: 'utf8', env });

  expect(end.status === 0 ? '' : end.stdout + end.stderr).toBe('');
  expect(end.stdout).toMatch(/pass [1-9]/);
}, 60_000);
