import { globSync, readFileSync } from 'node:fs';
import ts from 'typescript';

/** A pattern that tries all ways of parting such a text would need seconds or years; ours need milliseconds. */
const LENGTH = 50_000;
const ENOUGH_MS = 1_000;
const PIECES = [
  'a',
  'A',
  '0',
  ' ',
  '\t',
  '\n',
  '.',
  '-',
  '_',
  '/',
  '\\',
  ',',
  ';',
  ':',
  '=',
  '"',
  "'",
  '@',
  '%',
  '(',
  '{',
  '[',
  'a.',
  'a-',
  '0.',
  ', ',
  '://',
  '\r\n',
  'aA0',
  'é',
  '\ud83d\ude00',
];

function findPatterns(file: string): RegExp[] {
  const found: RegExp[] = [];
  const look = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      found.push(new RegExp(node.text.slice(1, end), node.text.slice(end + 1)));
    }
    ts.forEachChild(node, look);
  };
  look(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest));
  return found;
}

const files = globSync('src/**/*.ts', { exclude: ['**/*.spec.ts'] });
const patterns = new Map(
  files.flatMap((file) => findPatterns(file).map((pattern) => [String(pattern), { pattern, file }])),
);

it('no pattern of the hub takes long for a long text', () => {
  expect(patterns.size).toBeGreaterThan(50);
  for (const { pattern, file } of patterns.values()) {
    for (const piece of PIECES) {
      const text = piece.repeat(LENGTH / piece.length);
      const begunAt = performance.now();
      for (const hostile of [text, `${text}\0`]) hostile.replace(pattern, '');
      const tookMs = performance.now() - begunAt;
      if (tookMs > ENOUGH_MS)
        throw new Error(
          `${file}: ${pattern} took ${Math.round(tookMs)} ms for ${JSON.stringify(piece)} × ${LENGTH}`,
        );
    }
  }
});
