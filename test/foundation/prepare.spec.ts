import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MiniatureProject, removePackedPackages, waitForEnd } from './miniature-project.js';

let project: MiniatureProject;

beforeEach(() => {
  project = new MiniatureProject();
});

afterEach(() => project.remove());
afterAll(removePackedPackages);

async function waitUntil(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; !isTrue(); tries++) {
    if (tries > 400) throw new Error('waited 20 s in vain');
    await sleep(50);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('prepare, on a fresh clone', () => {
  it('installs and builds with a few calm lines, then has nothing more to do or say', async () => {
    const first = await project.prepare();

    expect(first.code).toBe(0);
    expect(first.output.trim().split('\n')).toEqual([
      expect.stringMatching(/^watchkeeper: installing packages/),
      expect.stringMatching(/^watchkeeper: installed in \d+ s$/),
      'watchkeeper: building the hub and the page',
      expect.stringMatching(/^watchkeeper: built in \d+ s$/),
    ]);
    expect(project.installedVersion('mini-dependency')).toBe('1.0.0');
    expect(project.builds().sort()).toEqual(['hub', 'page']);

    expect(await project.prepare()).toEqual({ code: 0, output: '' });
    expect(project.builds()).toHaveLength(2);
  }, 30_000);

  it('runs no script of a package', async () => {
    await project.prepare();

    expect(project.has('node_modules/mini-dependency/ran-a-script')).toBe(false);
  }, 30_000);

  it('installs everything whatever the environment asks npm to leave out', async () => {
    const home = join(project.root, 'empty home');
    mkdirSync(home);
    const end = await project.prepare({
      HOME: home,
      NODE_ENV: 'production',
      npm_config_omit: 'dev optional',
      npm_config_ignore_scripts: 'true',
      npm_config_dry_run: 'true',
    });

    expect(end).toMatchObject({ code: 0 });
    expect(project.installedVersion('mini-tool')).toBe('1.0.0');
    expect(project.builds()).toHaveLength(2);
  }, 30_000);

  it('works without node_modules/.bin on PATH and where HOME does not exist', async () => {
    const path = (process.env.PATH ?? '')
      .split(':')
      .filter((folder) => !folder.endsWith('node_modules/.bin'));
    const end = await project.prepare({ PATH: path.join(':'), HOME: join(project.root, 'nowhere') });

    expect(end).toMatchObject({ code: 0 });
    expect(project.has('node_modules/.bin/node')).toBe(true);
  }, 30_000);

  it('lets the running Node.js stand in where there is no pinned one', async () => {
    project.writeManifest({ dependency: '1.0.0', hasPinnedNode: false });
    const end = await project.prepare();

    expect(end).toMatchObject({ code: 0 });
    expect(project.has('node_modules/.bin/node')).toBe(true);
  }, 30_000);
});

describe('prepare, after a change', () => {
  it('builds only what has newer sources, and nothing for a spec', async () => {
    await project.prepare();
    project.write('src/main.ts', 'export const changed = true;\n');
    const end = await project.prepare();

    expect(end.output).toContain('building the hub\n');
    expect(project.builds().slice(2)).toEqual(['hub']);
    expect(project.read('dist/src/main.js')).toContain('changed');

    project.write('src/main.spec.ts', 'export {};\n');
    expect(await project.prepare()).toEqual({ code: 0, output: '' });
  }, 30_000);

  it('installs again when a pull brings another lockfile', async () => {
    await project.prepare();
    project.writeManifest({ dependency: '2.0.0' });
    const end = await project.prepare();

    expect(end.output).toContain('installing changed packages');
    expect(project.installedVersion('mini-dependency')).toBe('2.0.0');
  }, 30_000);

  it('takes over a complete node_modules that it did not install, and repairs one with a hole', async () => {
    await project.prepare();
    rmSync(join(project.root, '.prepare'), { recursive: true });
    expect((await project.prepare()).output).not.toContain('install');

    rmSync(join(project.root, '.prepare'), { recursive: true });
    rmSync(join(project.root, 'node_modules/mini-tool'), { recursive: true });
    expect((await project.prepare()).output).toContain('installing changed packages');
    expect(project.installedVersion('mini-tool')).toBe('1.0.0');
  }, 30_000);

  it('links the pinned Node.js where npm forgot to', async () => {
    await project.prepare();
    rmSync(join(project.root, 'node_modules/.bin/node'));
    const end = await project.prepare();

    expect(end).toEqual({ code: 0, output: '' });
    expect(project.read('node_modules/.bin/node')).toContain('#!/bin/sh');
  }, 30_000);

  it('shows what a failed build said, and builds again once it is mended', async () => {
    project.writeManifest({ dependency: '1.0.0', buildHub: 'echo the reason >&2; exit 3' });
    const failed = await project.prepare();

    expect(failed.code).toBe(1);
    expect(failed.output).toContain('noise of the build\nthe reason\n');
    expect(failed.output).toContain('building the hub failed (exit code 3)');

    project.writeManifest({ dependency: '1.0.0' });
    expect(await project.prepare()).toMatchObject({ code: 0 });
    expect(project.has('dist/src/main.js')).toBe(true);
  }, 30_000);
});

describe('prepare, disturbed', () => {
  it('lets one of two starts work and the other wait for it', async () => {
    const ends = await Promise.all([project.prepare(), project.prepare()]);

    expect(ends.map(({ code }) => code)).toEqual([0, 0]);
    expect(project.builds().sort()).toEqual(['hub', 'page']);
    expect(ends.map(({ output }) => output).join('')).toContain(
      'another start is preparing this folder: waiting',
    );
  }, 30_000);

  it('begins anew after a start that was killed while npm was at work', async () => {
    const killed = project.start();
    const end = waitForEnd(killed);
    await waitUntil(
      () => project.has('.prepare/lock') && /"children":\[\{/.test(project.read('.prepare/lock')),
    );
    killed.kill('SIGKILL');
    await end;

    expect(await project.prepare()).toMatchObject({ code: 0 });
    expect(project.installedVersion('mini-tool')).toBe('1.0.0');
    expect(project.builds().sort()).toEqual(['hub', 'page']);
  }, 30_000);

  it('ends on a signal with everything it started', async () => {
    await project.prepare();
    const manifest = project
      .read('package.json')
      .replace('mkdir -p dist/src', 'echo $$ > shell.pid; sleep 60');
    project.write('package.json', manifest);
    const stopped = project.start();
    const end = waitForEnd(stopped);
    await waitUntil(() => project.has('shell.pid') && project.read('shell.pid').endsWith('\n'));
    stopped.kill('SIGTERM');

    expect(await end).toMatchObject({ code: 143, output: expect.stringContaining('stopped by SIGTERM') });
    await waitUntil(() => !isRunning(Number(project.read('shell.pid'))));
    expect(project.has('.prepare/lock')).toBe(false);
  }, 30_000);

  it('says in one line that it cannot write in the folder', async () => {
    project.write('.prepare', 'a file where the folder has to be');

    expect(await project.prepare()).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^watchkeeper: cannot write in .+\n$/),
    });
  }, 30_000);
});
