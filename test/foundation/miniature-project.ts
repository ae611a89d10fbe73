import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const repository = process.cwd();
const pinnedNodeName = `node-${process.platform}-${process.arch}`;

export interface PrepareEnd {
  code: number | null;
  output: string;
}

/**
 * A small project of the same shape as this one, with the real scripts/prepare: its packages are tarballs beside it,
 * so that npm really installs without a network. Its path has a space.
 */
export class MiniatureProject {
  readonly root: string;
  readonly #box = mkdtempSync(join(tmpdir(), 'watchkeeper-prepare-'));

  constructor(options: { hasPinnedNode?: boolean } = {}) {
    this.root = join(this.#box, 'a clone');
    for (const folder of ['src', 'migrations', 'web/src', 'scripts']) {
      mkdirSync(join(this.root, folder), { recursive: true });
    }
    cpSync(join(repository, 'scripts/prepare.mjs'), join(this.root, 'scripts/prepare.mjs'));
    cpSync(join(repository, 'scripts/prepare'), join(this.root, 'scripts/prepare'), { recursive: true });
    this.write('src/main.ts', 'export {};\n');
    this.write('web/src/app.html', '<html></html>\n');
    this.write('web/package.json', JSON.stringify({ name: 'mini-web', version: '1.0.0' }));
    this.write('.gitignore', 'node_modules/\ndist/\nweb/build/\n');
    cpSync(packedPackages(), join(this.root, 'packages'), { recursive: true });
    this.writeManifest({ dependency: '1.0.0', hasPinnedNode: options.hasPinnedNode ?? true });
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  installedVersion(name: string): string {
    return (JSON.parse(this.read(`node_modules/${name}/package.json`)) as { version: string }).version;
  }

  /** One word per build that was begun, in order. */
  builds(): string[] {
    return this.has('builds.log') ? this.read('builds.log').trim().split('\n').filter(Boolean) : [];
  }

  /** Writes package.json and the lockfile that belongs to it, as a `git pull` would bring them. */
  writeManifest(options: { dependency: string; hasPinnedNode?: boolean; buildHub?: string }): void {
    const build = options.buildHub ?? 'mkdir -p dist/src && cp src/main.ts dist/src/main.js';
    this.write(
      'package.json',
      JSON.stringify({
        name: 'mini',
        version: '1.0.0',
        workspaces: ['web'],
        scripts: {
          'build:hub': `echo noise of the build; echo hub >> builds.log; ${build}`,
          'build:web':
            'echo page >> builds.log; mkdir -p web/build && cp web/src/app.html web/build/index.html',
        },
        dependencies: { 'mini-dependency': this.#tarball('mini-dependency', options.dependency) },
        devDependencies: { 'mini-tool': this.#tarball('mini-tool', '1.0.0') },
        optionalDependencies:
          options.hasPinnedNode === false ? {} : { [pinnedNodeName]: this.#tarball(pinnedNodeName, '1.0.0') },
      }),
    );
    runNpm(this.root, ['install', '--package-lock-only', '--offline', '--ignore-scripts']);
  }

  start(env: NodeJS.ProcessEnv = {}): ChildProcess {
    return spawn(process.execPath, ['scripts/prepare.mjs'], {
      cwd: this.root,
      env: { ...process.env, npm_config_offline: 'true', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  prepare(env: NodeJS.ProcessEnv = {}): Promise<PrepareEnd> {
    return waitForEnd(this.start(env));
  }

  remove(): void {
    rmSync(this.#box, { recursive: true, force: true });
  }

  #tarball(name: string, version: string): string {
    return `file:packages/${name}-${version}.tgz`;
  }
}

export function waitForEnd(child: ChildProcess): Promise<PrepareEnd> {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
}

let packed: string | undefined;

function packedPackages(): string {
  if (packed) return packed;
  packed = mkdtempSync(join(tmpdir(), 'watchkeeper-packages-'));
  pack(packed, 'mini-dependency', '1.0.0');
  pack(packed, 'mini-dependency', '2.0.0');
  pack(packed, 'mini-tool', '1.0.0');
  pack(packed, pinnedNodeName, '1.0.0', { bin: { node: 'bin/node' } }, (folder) => {
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/node'), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`);
    chmodSync(join(folder, 'bin/node'), 0o755);
  });
  return packed;
}

export function removePackedPackages(): void {
  if (packed) rmSync(packed, { recursive: true, force: true });
  packed = undefined;
}

function pack(
  target: string,
  name: string,
  version: string,
  extra = {},
  fill = (_folder: string) => {},
): void {
  const folder = mkdtempSync(join(tmpdir(), 'watchkeeper-package-'));
  const scripts = { postinstall: 'touch ran-a-script' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version, scripts, ...extra }));
  fill(folder);
  runNpm(folder, ['pack', '--ignore-scripts', '--pack-destination', target]);
  rmSync(folder, { recursive: true });
}

function runNpm(cwd: string, args: string[]): void {
  execFileSync('npm', [...args, '--silent', '--no-audit', '--no-fund'], { cwd, stdio: 'pipe' });
}
