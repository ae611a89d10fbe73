// What a first visit fetches before it can be used, read from the last build: `node scripts/first-load.mjs`.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

/** @typedef {{ file: string, imports?: string[], css?: string[] }} Chunk */

const web = join(import.meta.dirname, '..');
const generated = join(web, '.svelte-kit/generated/build/client-optimized');
const app = 'src/routes/(app)';
const frame = ['src/routes/+layout.svelte', `${app}/+layout.svelte`];

const visits = {
  overview: { routes: [...frame, 'src/routes/login/+page.svelte', `${app}/+page.svelte`], libraries: [] },
  monitor: { routes: [...frame, `${app}/monitors/[id]/+page.svelte`], libraries: ['uPlot.esm.js'] },
};

/** Bytes of JavaScript and CSS, gzip, of the overview (signing in included) and of a link to a monitor. */
export function measureFirstLoad() {
  /** @type {Record<string, Chunk>} */
  const manifest = JSON.parse(
    readFileSync(join(web, '.svelte-kit/output/client/.vite/manifest.json'), 'utf8'),
  );
  const nodes = readdirSync(join(generated, 'nodes')).map((name) => ({
    key: `.svelte-kit/generated/build/client-optimized/nodes/${name}`,
    code: readFileSync(join(generated, 'nodes', name), 'utf8'),
  }));

  /** @param {string} route */
  const findNode = (route) => {
    const node = nodes.find(({ code }) => code.includes(`/${route}"`));
    if (!node) throw new Error(`the build has no ${route}`);
    return node.key;
  };
  /** @param {string} library */
  const findLibrary = (library) => {
    const key = Object.keys(manifest).find((name) => name.endsWith(`/${library}`));
    if (!key) throw new Error(`the build has no ${library} of its own`);
    return key;
  };
  /** @param {typeof visits[keyof typeof visits]} visit */
  const measure = ({ routes, libraries }) => {
    const keys = [...routes.map(findNode), ...libraries.map(findLibrary)];
    const files = new Set([...listLinked(), ...listFiles(manifest, keys)]);
    return [...files].reduce((sum, file) => sum + measureGzip(file), 0);
  };
  return { overview: measure(visits.overview), monitor: measure(visits.monitor) };
}

/** What index.html itself names: the router, and the styles, those of parts that come later included. */
function listLinked() {
  const html = readFileSync(join(web, 'build/index.html'), 'utf8');
  return [...html.matchAll(/"\/__BASE__\/([^"]+\.(?:js|css))"/g)].map(
    (match) => /** @type {string} */ (match[1]),
  );
}

/**
 * @param {Record<string, Chunk>} manifest
 * @param {string[]} keys
 */
function listFiles(manifest, keys) {
  const seen = new Set(keys);
  const files = [];
  for (const key of seen) {
    const { file, imports = [], css = [] } = /** @type {Chunk} */ (manifest[key]);
    files.push(file, ...css);
    imports.forEach((name) => seen.add(name));
  }
  return files;
}

/** @param {string} file */
function measureGzip(file) {
  return gzipSync(readFileSync(join(web, 'build', file)), { level: 9 }).length;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(measureFirstLoad());
