import { createHash, hash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Injectable } from '@nestjs/common';
import { HUB_VERSION } from '../config/hub-version.js';
import { DomainError } from '../core/errors.js';

/** Architectures as Node.js calls them, and as `uname -m` does. */
const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' } as const;
export type Architecture = keyof typeof ARCHITECTURES;

/** What the hub gives to machines that want to be watched: the installer, the agent, a Node.js to run it. */
@Injectable()
export class InstallerFiles {
  private readonly root = findRoot();
  private script: Promise<string> | undefined;

  /** An agent, one file: `agent` for Linux, `agent-portable` for others. @throws DomainError `not_ready` where it was not built */
  readAgent(name: 'agent' | 'agent-portable' = 'agent'): Buffer {
    return this.read(`dist/${name}.cjs`);
  }

  /** `/install.sh`, with the checksums of what it fetches put in: nothing of any request. @throws DomainError `not_ready` */
  async readScript(): Promise<string> {
    this.script ??= this.buildScript();
    try {
      return await this.script;
    } catch (error) {
      this.script = undefined;
      throw error;
    }
  }

  /** As `uname -m` calls those for which there is a Node.js. */
  listArchitectures(): string[] {
    const known = Object.keys(ARCHITECTURES) as Architecture[];
    return known.filter((arch) => this.findNode(arch)).map((arch) => ARCHITECTURES[arch]);
  }

  /** Path and size of the Node.js binary for this architecture, where the hub has one. */
  findNode(arch: Architecture): { path: string; bytes: number } | undefined {
    const packaged = path.join(this.root, `node_modules/node-linux-${arch}/bin/node`);
    const isOwn = process.platform === 'linux' && process.arch === arch;
    // An image without that package brings the same binary as its own.
    const file = existsSync(packaged) ? packaged : isOwn ? process.execPath : undefined;
    return file === undefined ? undefined : { path: file, bytes: statSync(file).size };
  }

  private async buildScript(): Promise<string> {
    const built = path.join(this.root, 'dist/install.sh');
    const script = this.read(existsSync(built) ? 'dist/install.sh' : 'src/enrolment/install.sh');
    const values: Record<string, string> = {
      VERSION: HUB_VERSION,
      AGENT_SHA256: hash('sha256', this.readAgent()),
      NODE_X64_SHA256: await this.hashNode('x64'),
      NODE_ARM64_SHA256: await this.hashNode('arm64'),
    };
    return script.toString('utf8').replaceAll(/@@([A-Z0-9_]+)@@/g, (_, name: string) => {
      const value = values[name];
      // Only what cannot end a quoted word gets into a script that runs as root.
      if (value === undefined || !/^[0-9A-Za-z.-]*$/.test(value))
        throw new Error(`no safe value for ${name}`);
      return value;
    });
  }

  /** Hexadecimal; '' where there is none. */
  private async hashNode(arch: Architecture): Promise<string> {
    const node = this.findNode(arch);
    if (!node) return '';
    const sum = createHash('sha256');
    await pipeline(createReadStream(node.path), sum);
    return sum.digest('hex');
  }

  private read(file: string): Buffer {
    try {
      return readFileSync(path.join(this.root, file));
    } catch {
      throw new DomainError(
        'not_ready',
        'The agent is not built. Run "npm start", or "npm run build:agent".',
      );
    }
  }
}

/** The folder of package.json, whether the hub runs from `src/` or from `dist/`. */
function findRoot(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'package.json')) && path.dirname(folder) !== folder)
    folder = path.dirname(folder);
  return folder;
}
