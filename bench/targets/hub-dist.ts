import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The built hub: `dist`, or another build beside it named by BENCH_DIST, to compare two versions. */
export const HUB_DIST = path.resolve(ROOT, process.env['BENCH_DIST'] ?? 'dist');
