import adapter from '@sveltejs/adapter-static';
import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [
    paraglideVitePlugin({
      project: './project.inlang',
      outdir: './src/lib/paraglide',
      strategy: ['baseLocale'],
      emitTsDeclarations: false,
    }),
    tailwindcss(),
    sveltekit({
      adapter: adapter({ pages: 'build', fallback: 'index.html', precompress: true }),
      // A fallback page always has absolute paths: the hub puts the real base in this name's place.
      paths: { base: '/__BASE__' },
      version: { pollInterval: 0 },
    }),
  ],
});
