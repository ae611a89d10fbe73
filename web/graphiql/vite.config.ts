import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The explorer is a page of its own: React and its editor stay out of the dashboard's bundle. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Relative addresses hold under any sub-path, so the built files need no change.
  base: './',
  worker: { format: 'es' },
  build: {
    outDir: '../build-graphiql',
    emptyOutDir: true,
    chunkSizeWarningLimit: 5000,
  },
});
