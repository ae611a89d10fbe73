// Makes a fresh or changed clone ready to run: installs what the lockfile says, builds what is older than
// its sources. Runs before anything is installed, hence on Node 20 and with no dependency at all.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { hashFiles, hashInstall, isInstalled } from './prepare/fingerprint.mjs';
import { takeLock } from './prepare/lock.mjs';
import { locateNpm, makeNpmEnv } from './prepare/npm.mjs';
import { PrepareError, runQuietly, stopOnSignals } from './prepare/run.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stateDir = join(root, '.prepare');
const pinnedNode = join(root, 'node_modules', '.bin', 'node');

const parts = [
  {
    name: 'hub',
    sources: [
      'src',
      'migrations',
      'nest-cli.json',
      'tsconfig.json',
      'tsconfig.build.json',
      'package.json',
      'scripts/build-agent.mjs',
    ],
    output: 'dist/src/main.js',
    script: 'build:hub',
  },
  {
    name: 'page',
    sources: ['web'],
    output: 'web/build/index.html',
    script: 'build:web',
  },
];

const say = (text) => console.log(`watchkeeper: ${text}`);
const stampPath = (name) => join(stateDir, `${name}.stamp`);
const dropStamp = (name) => rmSync(stampPath(name), { force: true });

function readStamp(name) {
  try {
    return readFileSync(stampPath(name), 'utf8');
  } catch {
    return '';
  }
}

function isPartFresh(part) {
  const output = join(root, part.output);
  return existsSync(output) && readStamp(part.name) === hashFiles(root, part.sources);
}

function isInstallFresh() {
  return existsSync(pinnedNode) && readStamp('install') === `${hashInstall(root)} ${statInstalled()}`;
}

// npm rewrites this file whenever it changes the tree, so a by-hand `npm install x` is noticed too.
function statInstalled() {
  const stat = statSync(join(root, 'node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  return stat ? `${stat.size} ${stat.mtimeMs}` : 'none';
}

async function install() {
  const wanted = hashInstall(root);
  if (!isInstalled(root)) {
    dropStamp('install');
    const isFirst = !existsSync(join(root, 'node_modules'));
    say(
      isFirst
        ? 'installing packages, the first time takes about half a minute'
        : 'installing changed packages',
    );
    const startedAt = Date.now();
    await runQuietly(
      'installing',
      [
        ...locateNpm(root),
        'ci',
        '--ignore-scripts',
        '--include=dev',
        '--include=optional',
        '--engine-strict=false',
        '--no-audit',
        '--no-fund',
        '--no-progress',
        '--loglevel=error',
      ],
      { cwd: root, env: makeNpmEnv(root, stateDir) },
    );
    say(`installed in ${Math.round((Date.now() - startedAt) / 1000)} s`);
  }
  linkNode();
  writeFileSync(stampPath('install'), `${wanted} ${statInstalled()}`);
}

/**
 * npm 10 leaves out this one link of the pinned Node. Where npm has none for this platform, or one that cannot run
 * here, a new enough Node stands in.
 */
function linkNode() {
  const pinned = join('..', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  for (const target of [undefined, pinned, process.execPath]) {
    if (target) replaceLink(target);
    if (canRun(pinnedNode)) return;
  }
  rmSync(pinnedNode, { force: true });
  throw new PrepareError(
    `there is no pinned Node.js for ${process.platform}-${process.arch}: run this with Node.js 24.9 or newer ` +
      `(this is ${process.versions.node}).`,
  );
}

function replaceLink(target) {
  rmSync(pinnedNode, { force: true });
  mkdirSync(dirname(pinnedNode), { recursive: true });
  symlinkSync(target, pinnedNode);
}

function canRun(node) {
  const { status, stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  const [major, minor] = (stdout ?? '').replace('v', '').split('.').map(Number);
  return status === 0 && (major > 24 || (major === 24 && minor >= 9));
}

async function build(stale) {
  say(`building the ${stale.map((part) => part.name).join(' and the ')}`);
  const startedAt = Date.now();
  const results = await Promise.allSettled(stale.map((part) => buildPart(part)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  say(`built in ${Math.round((Date.now() - startedAt) / 1000)} s`);
}

async function buildPart(part) {
  dropStamp(part.name);
  const hash = hashFiles(root, part.sources);
  const command = [...locateNpm(root), 'run', '--silent', part.script];
  await runQuietly(`building the ${part.name}`, command, { cwd: root, env: makeNpmEnv(root, stateDir) });
  if (!existsSync(join(root, part.output))) {
    throw new PrepareError(`the build of the ${part.name} ended without ${part.output}.`);
  }
  writeFileSync(stampPath(part.name), hash);
}

function openStateDir() {
  try {
    mkdirSync(stateDir, { recursive: true });
    writeFileSync(join(stateDir, '.gitignore'), '*\n');
  } catch (error) {
    throw new PrepareError(
      `cannot write in ${root} (${error.code}): run this as the user who owns that folder.`,
    );
  }
}

async function prepare() {
  if (isInstallFresh() && parts.every(isPartFresh)) return;
  openStateDir();
  stopOnSignals();
  const lock = await takeLock(join(stateDir, 'lock'), () =>
    say('another start is preparing this folder: waiting'),
  );
  try {
    if (!isInstallFresh()) await install();
    const stale = parts.filter((part) => !isPartFresh(part));
    if (stale.length > 0) await build(stale);
  } finally {
    lock.release();
  }
}

try {
  await prepare();
} catch (error) {
  console.error(`watchkeeper: ${error instanceof PrepareError ? error.message : error.stack}`);
  process.exitCode = error.exitCode ?? 1;
}
