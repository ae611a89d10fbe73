import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { onChildrenChange, throwIfStopped } from './run.mjs';

/**
 * One preparation at a time. The file names its holder and the holder's running children: when the holder was
 * killed, its npm may still be at work in node_modules, and the next one waits for that too.
 */
export async function takeLock(path, onWait) {
  const own = { ...describeProcess(process.pid), children: [] };
  for (let hasSaidSo = false; ; await sleep(200)) {
    throwIfStopped();
    if (tryCreate(path, own)) return holdLock(path, own);
    const holder = readHolder(path);
    if (holder.text !== undefined && !isHeld(holder)) {
      removeStale(path, holder.text);
    } else if (!hasSaidSo) {
      onWait();
      hasSaidSo = true;
    }
  }
}

function holdLock(path, own) {
  onChildrenChange((pids) => {
    own.children = pids.map(describeProcess);
    writeFileSync(path, JSON.stringify(own));
  });
  return {
    release() {
      onChildrenChange(() => {});
      rmSync(path, { force: true });
    },
  };
}

function tryCreate(path, own) {
  try {
    writeFileSync(path, JSON.stringify(own), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(path) {
  try {
    const text = readFileSync(path, 'utf8');
    return { text, processes: parseProcesses(text) };
  } catch {
    return {};
  }
}

// A file cut off by a crash of the machine names nobody: it is stale.
function parseProcesses(text) {
  try {
    const { children, ...holder } = JSON.parse(text);
    return [holder, ...children];
  } catch {
    return [];
  }
}

function isHeld({ processes }) {
  return processes.some((known) => {
    const now = describeProcess(known.pid);
    return now !== undefined && now.startedAt === known.startedAt;
  });
}

// Renamed before it is removed: of two that saw the same stale file only one may remove it.
function removeStale(path, text) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, 'utf8') !== text) renameSync(aside, path);
    else rmSync(aside);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

/** The pid with its start time, since pids are given out again; undefined when no such process runs. */
function describeProcess(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return undefined;
  }
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const isZombie = fields[0] === 'Z';
    return isZombie ? undefined : { pid, startedAt: fields[19] };
  } catch {
    return { pid, startedAt: null };
  }
}
