import adapter from '@sveltejs/adapter-static';
import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig, type Plugin } from 'vite';

/**
 * The router's announcer carries an inline style, which the content policy refuses; app.css holds
 * the same rules.
 */
const styleAnnouncerByClass: Plugin = {
  name: 'watchkeeper:announcer-without-inline-style',
  enforce: 'pre',
  transform: {
    filter: { id: /kit\/src\/runtime\/components\/root\.svelte$/ },
    handler(code) {
      const cleaned = code.replace(/(id="svelte-announcer"[^>]*?)\s+style="[^"]*"/, '$1');
      if (cleaned === code) this.error('the router has no announcer with an inline style any more');
      return { code: cleaned, map: null };
    },
  },
};

export default defineConfig({
  plugins: [
    paraglideVitePlugin({
      project: './project.inlang',
      outdir: './src/lib/paraglide',
      strategy: ['baseLocale'],
      emitTsDeclarations: false,
    }),
    styleAnnouncerByClass,
    tailwindcss(),
    sveltekit({
      adapter: adapter({ pages: 'build', fallback: 'index.html', precompress: true }),
      // A fallback page always has absolute paths: the hub puts the real base in this name's place.
      paths: { base: '/__BASE__' },
      version: { pollInterval: 0 },
    }),
  ],
});
