// The development loop: rebuilds and restarts the hub when its sources change, and serves the page by Vite,
// which reloads it in place and passes the hub's own paths on. Needs what prepare.mjs has made.
import { spawn } from 'node:child_process';
import { rmSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// The page's plugins look for their settings where they are run.
process.chdir(join(root, 'web'));
// From here on dist/ follows the sources without a stamp: the next start must not trust an old one.
rmSync(join(root, '.prepare', 'hub.stamp'), { force: true });

const hubPort = process.env.PORT ?? '3000';
const pagePort = Number(process.env.PAGE_PORT ?? 5173);
const hubPaths = ['api', 'graphql', 'graphiql', 'livez', 'readyz', 'openapi.json'];

const say = (text) => console.log(`dev: ${text}`);
let hub;
let isStopping = false;

function startHub(publicUrl) {
  // A group of its own: Ctrl-C reaches the hub once, through us, and it stops Postgres in order.
  const child = spawn(process.execPath, ['dist/src/main.js'], {
    cwd: root,
    stdio: 'inherit',
    detached: true,
    env: { PUBLIC_URL: publicUrl, ...process.env, PORT: hubPort },
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  hub = { child, ended };
  void ended.then((code) => {
    if (!isStopping && hub?.child === child)
      say(`the hub ended (${code ?? 'by a signal'}): it starts again on the next change`);
  });
}

async function stopHub() {
  const { child, ended } = hub ?? {};
  hub = undefined;
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await ended;
}

function buildHub() {
  return new Promise((resolve) => {
    const build = spawn(process.execPath, ['node_modules/@nestjs/cli/bin/nest.js', 'build'], {
      cwd: root,
      stdio: 'inherit',
    });
    build.on('exit', (code) => resolve(code === 0));
  });
}

async function reloadHub(publicUrl) {
  say('building the hub');
  if (!(await buildHub())) return say('the hub does not compile: the running one stays');
  await stopHub();
  if (!isStopping) startHub(publicUrl);
}

function watchHub(publicUrl) {
  let timer;
  let running = Promise.resolve();
  const onChange = (_event, file) => {
    if (!file?.endsWith('.ts') || file.endsWith('.spec.ts')) return;
    clearTimeout(timer);
    timer = setTimeout(() => (running = running.then(() => reloadHub(publicUrl))), 150);
  };
  for (const folder of ['src', 'migrations']) watch(join(root, folder), { recursive: true }, onChange);
}

async function servePage() {
  const { createServer } = await import('vite');
  const target = `http://127.0.0.1:${hubPort}`;
  // The page's base may be in front of the hub's paths: the hub is told the same by PUBLIC_URL.
  const proxy = { [`^(/__BASE__)?/(${hubPaths.join('|')})(/|\\?|$)`]: { target, ws: true } };
  const server = await createServer({
    server: { host: '127.0.0.1', port: pagePort, strictPort: true, proxy },
  });
  await server.listen();
  return server;
}

const page = await servePage();
const publicUrl = `http://127.0.0.1:${pagePort}${page.config.base}`.replace(/\/$/, '');
startHub(publicUrl);
watchHub(publicUrl);
say(`the page reloads itself at ${publicUrl}/`);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, async () => {
    if (isStopping) return;
    isStopping = true;
    await Promise.allSettled([stopHub(), page.close()]);
    process.exit(0);
  });
}
