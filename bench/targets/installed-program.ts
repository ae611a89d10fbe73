import { execFileSync, spawnSync } from 'node:child_process';

/** Undefined when the program can be run; else how to get it. */
export function findMissingProgram(program: string, debianPackage: string): string | undefined {
  const found = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
  return found
    ? undefined
    : `${program}: apt-get install --no-install-recommends ${debianPackage} (its service need not run)`;
}

export function readDebianVersion(debianPackage: string): string {
  try {
    return execFileSync('dpkg-query', ['-W', '-f', '${Version}', debianPackage], { encoding: 'utf8' });
  } catch {
    return 'not from a Debian package';
  }
}
