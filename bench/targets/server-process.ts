import { fileURLToPath } from 'node:url';
import { PinnedProcess } from '../process/pinned-process.js';

const RESOLVER = new URL('../resolve-typescript.mjs', import.meta.url).href;

/** Starts one of `servers/` with the same Node as the hub, and waits for its port. */
export async function startServer(
  file: string,
  env: Record<string, string> = {},
): Promise<{ process: PinnedProcess; port: number }> {
  const script = fileURLToPath(new URL(`../servers/${file}`, import.meta.url));
  const server = new PinnedProcess(process.execPath, ['--import', RESOLVER, script], env);
  const port = await server.waitFor((output) => {
    const found = /^port (\d+)$/m.exec(output)?.[1];
    return found === undefined ? undefined : Number(found);
  });
  return { process: server, port };
}
