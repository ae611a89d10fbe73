// Rules for .svelte files that the linter cannot express: it reads only their scripts.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = process.argv[2] ?? dirname(dirname(fileURLToPath(import.meta.url)));
const maxLines = 300;

const rules = [
  {
    pattern: /\{@html\b/,
    reason: 'names of monitors, mounts and interfaces are strangers’ text: never as HTML.',
  },
  {
    pattern: /\.(innerHTML|outerHTML|insertAdjacentHTML)\b|\bdocument\.write\b/,
    reason: 'text from reports must never become HTML: use text and elements.',
  },
  {
    pattern: /<[a-zA-Z][^>]*\sstyle="/,
    reason: 'the content policy refuses style attributes: use a class or the style: directive.',
  },
];

const folder = join(root, 'web', 'src');
const problems = readdirSync(folder, { recursive: true })
  .filter((path) => path.endsWith('.svelte'))
  .sort()
  .flatMap((path) => findProblems(`web/src/${path}`, readFileSync(join(folder, path), 'utf8').split('\n')));

function findProblems(path, lines) {
  const found = lines.flatMap((line, index) =>
    rules.filter(({ pattern }) => pattern.test(line)).map(({ reason }) => `${path}:${index + 1}: ${reason}`),
  );
  if (lines.length > maxLines)
    found.push(`${path}: ${lines.length} lines, at most ${maxLines}: take a component out.`);
  return found;
}

for (const problem of problems) console.error(problem);
process.exitCode = problems.length ? 1 : 0;
