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

/**
 * Each message asks for the language before it is said. As long as there is one, the answer is known: without the
 * question all messages together take half as much, and nearly all of them are part of a first visit.
 */
const sayMessagesAtOnce: Plugin = {
  name: 'watchkeeper:messages-of-one-language',
  apply: 'build',
  transform: {
    filter: { id: /lib\/paraglide\/messages\/(?!_index)\w+\.js$/ },
    handler(code) {
      const said = code.replace(
        /const (\w+) = \(inputs(?: = \{\})?, options = \{\}\) => \{\n[^]*?\n\treturn (en_\w+)\(inputs\)\n\};/,
        'const $1 = $2;',
      );
      if (said === code) this.error('this message is not of one language any more: leave this plugin out');
      return { code: said.replace(/^import .*\n|\/\* @__NO_SIDE_EFFECTS__ \*\/\n/gm, ''), map: null };
    },
  },
};

export default defineConfig({
  plugins: [
    sayMessagesAtOnce,
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
