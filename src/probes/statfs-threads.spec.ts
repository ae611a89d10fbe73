import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmdirSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { readDiskSpace } from './statfs-thread.js';
import { StatfsThreads } from './statfs-threads.js';

interface DeadMount {
  path: string;
  /** Lets every call that hangs fail, as when an administrator gives up on the mount. */
  abort(): void;
}

/**
 * A mount that truly hangs: a FUSE file system whose process never says a word. Gone with `abort`.
 * @returns undefined where this user may not mount.
 */
function mountDead(): DeadMount | undefined {
  if (process.getuid?.() !== 0 || !existsSync('/dev/fuse') || !existsSync('/dev/shm')) return undefined;
  // Below /dev, where no probe looks: other tests that read this machine must not meet it.
  const path = mkdtempSync('/dev/shm/dead-mount-');
  const fuse = openSync('/dev/fuse', 'r+');
  const { status } = spawnSync(
    'mount',
    ['-i', '-t', 'fuse', '-o', 'fd=3,rootmode=40000,user_id=0,group_id=0', 'dead', path],
    { stdio: ['ignore', 'ignore', 'ignore', fuse] },
  );
  const abort = (): void => {
    closeSync(fuse);
    spawnSync('umount', ['-l', path]);
    rmdirSync(path);
  };
  if (status === 0) return { path, abort };
  closeSync(fuse);
  rmdirSync(path);
  return undefined;
}

const probes = dirname(fileURLToPath(import.meta.url));

describe('StatfsThreads', () => {
  it('answers as statfs in this thread does, and passes errors on', async () => {
    const threads = new StatfsThreads();
    const [space, missing] = await Promise.allSettled([threads.ask('/'), threads.ask('/not/there')]);
    threads.close();
    expect(space).toMatchObject({ status: 'fulfilled', value: { blocks: readDiskSpace('/').blocks } });
    expect(missing).toMatchObject({ status: 'rejected', reason: { message: 'ENOENT' } });
  });

  const dead = mountDead();
  if (!dead) {
    it.skip('cannot be tried on a hanging mount: this user may not make a FUSE mount', () => {});
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'statfs-threads-'));
  afterAll(() => {
    dead.abort();
    rmSync(folder, { recursive: true });
  });

  it('answers for others while a mount hangs, and for that one once it is over', async () => {
    const own = mountDead()!;
    const threads = new StatfsThreads();
    let isSettled = false;
    const hanging = threads.ask(own.path).finally(() => (isSettled = true));
    hanging.catch(() => undefined);
    const space = await threads.ask('/');
    expect(space.blocks).toBeGreaterThan(0);
    await pass(300);
    expect(isSettled).toBe(false);
    own.abort();
    await expect(hanging).rejects.toThrow(/ENOTCONN|ECONNABORTED/);
    threads.close();
  });

  it.each(['process.exit(3)', 'process.exitCode = 3'])(
    'does not keep a process from ending: %s',
    async (ending) => {
      const script = join(folder, 'ending.mjs');
      await build({
        stdin: {
          contents: `
          import { StatfsThreads } from './statfs-threads.ts';
          import { isMainThread } from 'node:worker_threads';
          if (isMainThread) {
            new StatfsThreads().ask(${JSON.stringify(dead.path)});
            setTimeout(() => { console.log('ending'); ${ending}; }, 500);
          }`,
          resolveDir: probes,
          loader: 'ts',
        },
        outfile: script,
        bundle: true,
        platform: 'node',
        format: 'esm',
      });
      const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(child, 'exit');
      const [output] = (await once(child.stdout, 'data')) as [Buffer];
      expect(String(output)).toContain('ending');
      const [, signal] = (await ended) as [number | null, string | null];
      expect(signal).toBe('SIGTERM');
    },
  );
});
