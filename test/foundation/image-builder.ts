import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

interface Instruction {
  name: string;
  args: string;
}

export interface BuiltImage {
  /** The folder that stands for / of the last stage. */
  root: string;
  workdir: string;
  env: Record<string, string>;
  /** As the exec form of the file says. */
  cmd: string[];
  healthCheck: string[];
}

interface Stage {
  root: string;
  workdir: string;
  env: Record<string, string>;
}

interface BuildOptions {
  context: string;
  /** Where the stages are laid out. */
  target: string;
  /** Goes in front of PATH, so that `node` is the one that the base image would bring. */
  nodeFolder: string;
  /** Replaces a RUN line that another test proves already; undefined runs it. */
  insteadOf?: (command: string, workdir: string) => boolean;
}

/**
 * Does what a Dockerfile says in plain folders, where no engine runs: COPY with the .dockerignore, RUN with sh,
 * each stage with a root folder of its own. Users and base images are the machine's own.
 */
export function buildImage(dockerfile: string, options: BuildOptions): BuiltImage {
  const stages = new Map<string, Stage>();
  const image: BuiltImage = { root: '', workdir: '/', env: {}, cmd: [], healthCheck: [] };
  for (const { name, args } of parseDockerfile(join(options.context, dockerfile))) {
    if (name === 'FROM') {
      const stageName = / AS (\S+)/i.exec(args)?.[1] ?? 'last';
      Object.assign(image, { root: join(options.target, stageName), workdir: '/', env: {} });
      mkdirSync(image.root, { recursive: true });
      stages.set(stageName, { ...image });
    } else if (name === 'WORKDIR') {
      image.workdir = args;
      mkdirSync(join(image.root, args), { recursive: true });
    } else if (name === 'ENV') {
      image.env = {
        ...image.env,
        ...Object.fromEntries(args.split(/\s+/).map((pair) => pair.split('=', 2))),
      };
    } else if (name === 'COPY') {
      copy(args, image, stages, options.context);
    } else if (name === 'RUN') {
      run(args, image, options);
    } else if (name === 'CMD') {
      image.cmd = JSON.parse(args) as string[];
    } else if (name === 'HEALTHCHECK') {
      image.healthCheck = JSON.parse(args.replace(/^.*? CMD /, '')) as string[];
    }
  }
  return image;
}

function parseDockerfile(path: string): Instruction[] {
  const text = readFileSync(path, 'utf8').replace(/\\\n/g, ' ');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => ({ name: line.split(' ', 1)[0] ?? '', args: line.slice(line.indexOf(' ') + 1).trim() }));
}

function copy(args: string, image: Stage, stages: Map<string, Stage>, context: string): void {
  const words = args.split(/\s+/);
  const from = words[0]?.startsWith('--from=')
    ? stages.get(words.shift()?.slice('--from='.length) ?? '')
    : undefined;
  const target = join(image.root, posix.resolve(image.workdir, words.at(-1) ?? ''));
  const isFolder = words.at(-1)?.endsWith('/') || words.at(-1) === '.';
  const ignore = readDockerignore(context);
  for (const source of words.slice(0, -1)) {
    const path = join(from?.root ?? context, source);
    const name = source.split('/').at(-1) ?? '';
    // Of a folder its contents are copied, of a file the file.
    const end = isFolder && !statSync(path).isDirectory() ? join(target, name) : target;
    mkdirSync(dirname(end), { recursive: true });
    if (from) linkTree(path, end);
    else copyTree(path, end, source === '.' ? '' : source, ignore);
  }
}

// Between stages links do: nothing writes into a file that another stage made.
function linkTree(from: string, to: string): void {
  const end = spawnSync('cp', ['-al', from, to.replace(/\/$/, '')], { encoding: 'utf8' });
  if (end.status !== 0) throw new Error(end.stderr);
}

function copyTree(from: string, to: string, path: string, ignore: Ignore): void {
  if (statSync(from).isDirectory() && !path.split('/').includes('node_modules')) {
    for (const name of readdirSync(from)) {
      const below = path === '' ? name : `${path}/${name}`;
      if (ignore.mayHold(below)) copyTree(join(from, name), join(to, name), below, ignore);
    }
  } else if (!ignore.isIgnored(path)) {
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  }
}

interface Ignore {
  isIgnored(path: string): boolean;
  /** Whether something at or below the path may be copied. */
  mayHold(path: string): boolean;
}

/** The last matching line of .dockerignore decides, as Docker does it. */
function readDockerignore(context: string): Ignore {
  const lines = readFileSync(join(context, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const rules = lines.map((line) => {
    const pattern = line.replace(/^!/, '').replace(/[.+^$()|]/g, '\\$&');
    const source = pattern.replace(/\*\*\/|\*/g, (stars) => (stars === '*' ? '[^/]*' : '(?:.+/)?'));
    return { isLetIn: line.startsWith('!'), pattern: new RegExp(`^${source}(?:/|$)`) };
  });
  const isIgnored = (path: string) => !(rules.findLast(({ pattern }) => pattern.test(path))?.isLetIn ?? true);
  const mayHold = (path: string) => !isIgnored(path) || lines.some((line) => line.startsWith(`!${path}/`));
  return { isIgnored, mayHold };
}

function run(command: string, image: Stage, options: BuildOptions): void {
  const workdir = join(image.root, image.workdir);
  if (options.insteadOf?.(command, workdir)) return;
  // Absolute paths belong to the stage; giving files to another user takes root.
  const local = command.replace(/ (\/[\w/]+)/g, ` '${image.root}$1'`).replace(/ -o \d+ -g \d+/g, '');
  const end = spawnSync('sh', ['-c', local], {
    cwd: workdir,
    env: imageEnv(image, options.nodeFolder),
    encoding: 'utf8',
  });
  if (end.status !== 0)
    throw new Error(`RUN ${command}: exit code ${end.status}\n${end.stdout}${end.stderr}`);
}

/** The variables of the image over a bare environment; npm keeps its cache and its settings. */
export function imageEnv(image: Pick<Stage, 'env'>, nodeFolder: string): NodeJS.ProcessEnv {
  const npmOwn = ['npm_config_cache', 'npm_config_registry', 'npm_config_userconfig'];
  const kept = Object.fromEntries(npmOwn.map((name) => [name, process.env[name]]));
  return { ...kept, HOME: process.env.HOME, PATH: `${nodeFolder}:${process.env.PATH}`, ...image.env };
}
