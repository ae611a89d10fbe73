import { createReadStream } from 'node:fs';
import { Controller, Get, Header, StreamableFile } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../common/public.decorator.js';
import { DomainError } from '../core/errors.js';
import { type Architecture, InstallerFiles } from './installer-files.js';

/** What `curl HUB/install.sh | sudo sh` fetches; public, as it holds no secret. */
@ApiExcludeController()
@Public()
@Controller()
export class InstallerController {
  constructor(private readonly files: InstallerFiles) {}

  @Get('install.sh')
  @Header('content-type', 'text/plain; charset=utf-8')
  @Header('cache-control', 'no-store')
  sendScript(): Promise<string> {
    return this.files.readScript();
  }

  @Get('agent.cjs')
  @Header('cache-control', 'no-store')
  sendAgent(): StreamableFile {
    return new StreamableFile(this.files.readAgent(), { type: 'text/plain; charset=utf-8' });
  }

  @Get('agent-portable.cjs')
  @Header('cache-control', 'no-store')
  sendPortableAgent(): StreamableFile {
    return new StreamableFile(this.files.readAgent('agent-portable'), { type: 'text/plain; charset=utf-8' });
  }

  @Get('agent/node-linux-x64')
  sendNodeX64(): StreamableFile {
    return this.sendNode('x64');
  }

  @Get('agent/node-linux-arm64')
  sendNodeArm64(): StreamableFile {
    return this.sendNode('arm64');
  }

  private sendNode(arch: Architecture): StreamableFile {
    const node = this.files.findNode(arch);
    if (!node) throw new DomainError('not_found', 'This hub has no Node.js for that architecture.');
    return new StreamableFile(createReadStream(node.path), {
      type: 'application/octet-stream',
      length: node.bytes,
    });
  }
}
