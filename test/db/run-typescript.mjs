// Lets plain Node run the sources as they are (`node --import …/run-typescript.mjs file.ts`), for tests that need a
// hub's code in a process of its own to kill it.
import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

const parser = { syntax: 'typescript', decorators: true };
const transform = { legacyDecorator: true, decoratorMetadata: true };

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts')) {
      const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
      if (existsSync(source)) return { url: source.href, format: 'module', shortCircuit: true };
    }
    return nextResolve(specifier, context);
  },
  load(url, context, nextLoad) {
    if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
    const filename = fileURLToPath(url);
    const { code } = transformSync(readFileSync(filename, 'utf8'), {
      filename,
      swcrc: false,
      module: { type: 'es6' },
      jsc: { target: 'es2022', parser, transform, keepClassNames: true },
    });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
