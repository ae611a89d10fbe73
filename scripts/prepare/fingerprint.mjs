import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Hash of the paths and contents of the sources in files and folders below root. Contents, because a checkout
 * touches times; without specs, and without what git ignores, which the build itself makes.
 */
export function hashFiles(root, paths) {
  const hash = createHash('sha256');
  const ignored = ['', 'web'].flatMap((folder) => readIgnored(root, folder));
  const visit = (path) => {
    if (path.endsWith('.spec.ts') || ignored.some((isIgnored) => isIgnored(path))) return;
    const full = join(root, path);
    const stat = statSync(full, { throwIfNoEntry: false });
    if (!stat) return;
    if (stat.isDirectory()) {
      for (const name of readdirSync(full).sort()) visit(`${path}/${name}`);
    } else if (stat.isFile()) {
      hash.update(`${path}\0${stat.size}\0`).update(readFileSync(full));
    }
  };
  for (const path of paths) visit(path);
  return hash.digest('hex');
}

/** The plain names of a .gitignore as tests of a path; its wildcards are of no matter to a build. */
function readIgnored(root, folder) {
  const file = join(root, folder, '.gitignore');
  if (!existsSync(file)) return [];
  const names = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^[^#!*?\s]+$/.test(line));
  return names.map((line) => {
    const name = line.replace(/^\/|\/$/g, '');
    if (name.includes('/')) return (path) => path === `${folder ? `${folder}/` : ''}${name}`;
    return (path) => path.endsWith(`/${name}`);
  });
}

const dependencyFields = [
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
  'overrides',
  'workspaces',
];

/** Hash of everything that decides what `npm ci` installs: the lockfile, what is asked for, the platform. */
export function hashInstall(root) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\0`);
  hash.update(readFileSync(join(root, 'package-lock.json')));
  for (const folder of ['.', ...readWorkspaces(root)]) {
    const manifest = readJson(join(root, folder, 'package.json'));
    hash.update(JSON.stringify(dependencyFields.map((field) => manifest[field] ?? null)));
  }
  return hash.digest('hex');
}

/**
 * Whether node_modules holds what the lockfile says. npm writes its hidden lockfile last, so an install that was
 * cut off has none; a tree installed without development or optional packages lacks entries.
 */
export function isInstalled(root) {
  const hiddenPath = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hiddenPath)) return false;
  const wanted = readJson(join(root, 'package-lock.json')).packages;
  const present = readJson(hiddenPath).packages;
  return (
    Object.entries(wanted).every(([path, entry]) => isEntryInstalled(root, path, entry, present)) &&
    Object.keys(present).every((path) => path in wanted)
  );
}

function isEntryInstalled(root, path, entry, present) {
  if (!path.includes('node_modules/')) return true;
  if (!isForThisPlatform(entry)) return true;
  if (!present[path]) return entry.optional === true && !isPinnedNode(path);
  if (entry.link) return existsSync(join(root, path));
  // What stands on the disk counts: `npm install --package-lock-only` rewrites the hidden lockfile alone.
  return present[path].integrity === entry.integrity && readVersion(join(root, path)) === entry.version;
}

function readVersion(folder) {
  try {
    return readJson(join(folder, 'package.json')).version;
  } catch {
    return undefined;
  }
}

function isForThisPlatform(entry) {
  return allows(entry.os, process.platform) && allows(entry.cpu, process.arch);
}

function allows(listed, value) {
  if (!listed) return true;
  const list = [listed].flat();
  if (list.includes(`!${value}`)) return false;
  return list.every((item) => item.startsWith('!')) || list.includes(value);
}

function isPinnedNode(path) {
  return path === `node_modules/node-${process.platform}-${process.arch}`;
}

function readWorkspaces(root) {
  return readJson(join(root, 'package.json')).workspaces ?? [];
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
}
