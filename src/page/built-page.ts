import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

const INDEX = 'index.html';
/** Stands in the built index.html wherever the sub-path belongs. */
const BASE_PLACEHOLDER = '/__BASE__';
const ONE_YEAR_MS = 365 * 24 * 3_600_000;

interface Index {
  readonly plain: Buffer;
  readonly br: Buffer;
  readonly gzip: Buffer;
  readonly etag: string;
}

/**
 * A page as the build left it: read once at the start, so that a request can only ever name a file that was
 * there then. The index is made for this hub's sub-path and kept in memory; files go out by @fastify/static.
 */
export class BuiltPage {
  private constructor(
    private readonly folder: string,
    private readonly files: ReadonlySet<string>,
    private readonly index: Index,
    private readonly policy: string,
  ) {}

  /** Undefined when there is no build. */
  static load(
    folder: string,
    basePath: string,
    buildPolicy: (html: string) => string,
  ): BuiltPage | undefined {
    let html: string;
    try {
      html = readFileSync(path.join(folder, INDEX), 'utf8').replaceAll(BASE_PLACEHOLDER, basePath);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    return new BuiltPage(folder, listFiles(folder), buildIndex(html), buildPolicy(html));
  }

  has(file: string): boolean {
    return this.files.has(file);
  }

  sendIndex(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { etag } = this.index;
    reply.headers({
      'content-security-policy': this.policy,
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      vary: 'accept-encoding',
      etag,
    });
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    const encoding = chooseEncoding(request.headers['accept-encoding']);
    if (encoding) reply.header('content-encoding', encoding);
    return reply.send(this.index[encoding ?? 'plain']);
  }

  /** `file` must be one that it `has`. */
  sendFile(reply: FastifyReply, file: string): FastifyReply {
    reply.header('content-security-policy', this.policy);
    // The name of such a file changes with its content.
    if (/(^|\/)(immutable|assets)\//.test(file)) {
      return reply.sendFile(file, this.folder, { immutable: true, maxAge: ONE_YEAR_MS });
    }
    return reply.header('cache-control', 'no-cache').sendFile(file, this.folder, { cacheControl: false });
  }
}

function listFiles(folder: string): ReadonlySet<string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter((file) => !/^index\.html(\.br|\.gz)?$/.test(file));
  return new Set(files);
}

function buildIndex(html: string): Index {
  const plain = Buffer.from(html);
  return {
    plain,
    br: brotliCompressSync(plain),
    gzip: gzipSync(plain),
    etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
  };
}

function chooseEncoding(accepted: string | undefined): 'br' | 'gzip' | undefined {
  const codings = (accepted ?? '').split(',').map((coding) => coding.trim());
  if (codings.some((coding) => /^br(?!;\s*q=0(\.0*)?$)/.test(coding))) return 'br';
  return codings.some((coding) => /^gzip(?!;\s*q=0(\.0*)?$)/.test(coding)) ? 'gzip' : undefined;
}
