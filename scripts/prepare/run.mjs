import { spawn } from 'node:child_process';

/** Ends the preparation with one line for the user. */
export class PrepareError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

const children = new Set();
let announceChildren = () => {};
let stoppedBy;

export function onChildrenChange(listener) {
  announceChildren = listener;
}

export function throwIfStopped() {
  if (stoppedBy) throw new PrepareError(`stopped by ${stoppedBy}.`, stoppedBy === 'SIGINT' ? 130 : 143);
}

/**
 * A signal ends the children first: an npm left behind would still be deleting when the next start installs.
 * The shell between npm and us dies of a TERM without passing it on; its end is seen by the changed parent.
 */
export function stopOnSignals() {
  const stop = (signal) => {
    const deadly = stoppedBy ? 'SIGKILL' : 'SIGTERM';
    stoppedBy ??= signal;
    for (const child of children) killGroup(child, deadly);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal));
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent && !stoppedBy) stop('SIGTERM');
  }, 500).unref();
}

function killGroup({ pid }, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Runs a command to its end; its output is kept and shown only when it fails. */
export async function runQuietly(what, [command, ...args], options) {
  throwIfStopped();
  const startedAt = Date.now();
  const tick = setInterval(
    () => console.log(`watchkeeper: still ${what}, ${Math.round((Date.now() - startedAt) / 1000)} s`),
    15_000,
  );
  const output = [];
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  if (child.pid) track(child);
  const end = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
  clearInterval(tick);
  children.delete(child);
  announceChildren([...children].map(({ pid }) => pid));
  throwIfStopped();
  if (end === undefined) return;
  process.stderr.write(Buffer.concat(output));
  throw new PrepareError(`${what} failed (${end}); what it said stands above.`);
}

function track(child) {
  children.add(child);
  announceChildren([...children].map(({ pid }) => pid));
}
