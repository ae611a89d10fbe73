import { lookup } from 'node:dns/promises';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** All addresses of a name. @throws Node's error when there is none. */
export type ResolveName = (name: string) => Promise<readonly ResolvedAddress[]>;

/**
 * As the machine itself resolves names: hosts file, search domains, DNS. That occupies one of the few threads which
 * files and passwords need too, for many seconds where a name server is dead: so few at a time, one for each name.
 */
export function createSystemLookup(maxAtOnce = 2): ResolveName {
  const running = new Map<string, Promise<readonly ResolvedAddress[]>>();
  const waiting: (() => void)[] = [];
  let free = maxAtOnce;

  const resolve = async (name: string): Promise<readonly ResolvedAddress[]> => {
    if (free === 0) await new Promise<void>((start) => waiting.push(start));
    else free--;
    try {
      return (await lookup(name, { all: true })) as ResolvedAddress[];
    } finally {
      running.delete(name);
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
  return (name) => {
    let result = running.get(name);
    if (!result) {
      result = resolve(name);
      running.set(name, result);
    }
    return result;
  };
}
