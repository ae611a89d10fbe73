import { readFileSync } from 'node:fs';

const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  scripts: { start: string };
};

/** What `npm start` tells the engine when it starts the hub (decision 0018). */
export const ENGINE_FLAGS = scripts.start.match(/--\S+(?=.* dist\/src\/main\.js)/g) ?? [];
