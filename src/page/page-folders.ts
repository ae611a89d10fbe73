import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the built pages lie, absolute. */
export interface PageFolders {
  readonly dashboard: string;
  readonly graphiql: string;
}

export const PAGE_FOLDERS = Symbol('PAGE_FOLDERS');

/** Beside the hub's own files, whether it runs from `src/` or from `dist/`: the nearest folder above with a `web/` in it. */
export function findPageFolders(): PageFolders {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'web')) && path.dirname(folder) !== folder)
    folder = path.dirname(folder);
  return { dashboard: path.join(folder, 'web/build'), graphiql: path.join(folder, 'web/build-graphiql') };
}
