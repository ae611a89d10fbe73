type Undo = () => void;

const undos: Undo[] = [];

/** Registers what must not outlive this process: run in reverse order at its end, also after Ctrl-C or a fault. */
export function onExit(undo: Undo): void {
  if (undos.length === 0) {
    process.once('exit', () => {
      for (const last of undos.reverse()) {
        try {
          last();
        } catch {
          // The others have to be run all the same.
        }
      }
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  }
  undos.push(undo);
}
