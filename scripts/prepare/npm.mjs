import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, sep } from 'node:path';
import { PrepareError } from './run.mjs';

/**
 * The command that runs npm, as a list: the npm that started us, else the one beside the running Node, else the one
 * on PATH. Never by a Node inside the clone, which an install deletes while it runs.
 */
export function locateNpm(root) {
  const script = [
    process.env.npm_execpath,
    join(dirname(locateNode(root)), '../lib/node_modules/npm/bin/npm-cli.js'),
  ]
    .concat(searchPath(root, 'npm'))
    .find((path) => path && /npm(-cli\.js)?$/.test(path) && existsSync(path));
  if (!script) throw new PrepareError('npm was not found: install Node.js 20 or newer together with npm.');
  return [locateNode(root), realpathSync(script)];
}

function locateNode(root) {
  const node = [process.env.npm_node_execpath, process.execPath]
    .concat(searchPath(root, 'node'))
    .find((path) => path && existsSync(path) && !realpathSync(path).startsWith(realpathSync(root) + sep));
  return node ? realpathSync(node) : process.execPath;
}

function searchPath(root, name) {
  return cleanPath(root)
    .split(delimiter)
    .map((folder) => join(folder, name));
}

function cleanPath() {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !/node_modules[\\/]\.bin[\\/]?$/.test(folder) && folder !== '')
    .join(delimiter);
}

// What a user's shell or the outer npm may carry that would leave packages out or send them elsewhere.
const unwanted =
  /^(NODE_ENV|npm_config_(node_env|omit|only|production|optional|dev|also|include|dry_run|global|location|workspaces?|include_workspace_root|package_lock|package_lock_only|save|ignore_scripts|loglevel|force|legacy_peer_deps|strict_peer_deps|install_strategy|prefix|local_prefix|json|parseable))$/i;

export function makeNpmEnv(root, stateDir) {
  const kept = Object.entries(process.env).filter(([name]) => !unwanted.test(name));
  const env = { ...Object.fromEntries(kept), PATH: cleanPath(root) };
  if (!env.npm_config_cache && !isWritable(process.env.HOME || homedir())) {
    env.npm_config_cache = join(stateDir, 'npm-cache');
  }
  return env;
}

function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
