import { statfsSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

// This file imports nothing of ours and is both sides of the thread: the thread runs the very file (or the
// one-file bundle) that opened it, so nothing has to know where a second file lies.

/** Space of a file system, in blocks of `blockBytes`. */
export interface DiskSpace {
  blockBytes: number;
  blocks: number;
  /** Free for root. */
  blocksFree: number;
  /** Free for ordinary users. */
  blocksAvailable: number;
  /** Inodes; 0 where the file system does not count them. */
  files: number;
  filesFree: number;
}

export type StatfsAnswer = { space: DiskSpace } | { error: string };

const ROLE = 'watchkeeper-statfs';

/**
 * statfs(2), synchronous: on a dead network mount it blocks its thread for as long as the mount is dead.
 * @throws Node's error when the path is gone or may not be reached.
 */
export function readDiskSpace(path: string): DiskSpace {
  const answer = statfsSync(path);
  // `blocks` counts in frsize; older Node does not give it, and it differs from bsize on few FUSE systems.
  const blockBytes = answer.frsize || answer.bsize;
  return {
    blockBytes,
    blocks: answer.blocks,
    blocksFree: answer.bfree,
    blocksAvailable: answer.bavail,
    files: answer.files,
    filesFree: answer.ffree,
  };
}

/** Opens a thread that answers each path it is sent with a `StatfsAnswer`. */
export function openStatfsThread(): Worker {
  return new Worker(new URL(import.meta.url), {
    workerData: ROLE,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  });
}

function answerStatfs(path: string): StatfsAnswer {
  try {
    return { space: readDiskSpace(path) };
  } catch (error) {
    return { error: (error as NodeJS.ErrnoException).code ?? 'failed' };
  }
}

if (!isMainThread && workerData === ROLE) {
  parentPort?.on('message', (path: string) => parentPort?.postMessage(answerStatfs(path)));
}
