import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseSecretKeys } from '../../config/secret-keys.js';
import { KEY_FILE_NAME, loadKeyFile } from './key-file.js';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'watchkeeper-keys-'));
  file = path.join(directory, KEY_FILE_NAME);
});
afterEach(() => rmSync(directory, { recursive: true }));

it('is made at the first start, for the hub alone, and stays', async () => {
  const { keys, warning } = await loadKeyFile(directory);
  expect([keys.length, keys[0]!.length, warning]).toEqual([1, 32, undefined]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await loadKeyFile(directory)).keys).toEqual(keys);
  expect(readdirSync(directory)).toEqual([KEY_FILE_NAME]);
});

it('is one file where many start at once', async () => {
  const all = await Promise.all(Array.from({ length: 10 }, () => loadKeyFile(path.join(directory, 'new'))));
  expect(new Set(all.map(({ keys }) => keys[0]!.toString('hex'))).size).toBe(1);
  expect(readdirSync(path.join(directory, 'new'))).toEqual([KEY_FILE_NAME]);
});

it('takes a new key above the earlier ones', async () => {
  const { keys } = await loadKeyFile(directory);
  const added = randomBytes(32);
  writeFileSync(file, `${added.toString('base64')}\n${readFileSync(file, 'utf8')}`);
  expect((await loadKeyFile(directory)).keys).toEqual([added, keys[0]]);
});

it.each(['', 'not a key\n', '# only remarks\n', randomBytes(16).toString('base64'), `${'a'.repeat(43)}= x`])(
  'is left as it is where it holds %j, with a line that says what to do',
  async (content) => {
    writeFileSync(file, content, { mode: 0o600 });
    const { keys, warning } = await loadKeyFile(directory);
    expect(keys).toEqual([]);
    expect(warning).toMatch(/Put it back from its copy/);
    expect(warning).not.toContain('\n');
    expect(readFileSync(file, 'utf8')).toBe(content);
  },
);

it('is closed to others, and that it was open is said', async () => {
  await loadKeyFile(directory);
  chmodSync(file, 0o644);
  expect((await loadKeyFile(directory)).warning).toMatch(/other users/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('never stops the start', async () => {
  writeFileSync(path.join(directory, 'a-file'), '');
  const { keys, warning } = await loadKeyFile(path.join(directory, 'a-file'));
  expect(keys).toEqual([]);
  expect(warning).toMatch(/ENOTDIR/);
});

it('keys may be hex or base64, with blanks, commas and remarks between them', () => {
  const [one, two] = [randomBytes(32), randomBytes(32)];
  const text = `# now\n${one.toString('hex')}, # since 2026\n\n${two.toString('base64url')}`;
  expect(parseSecretKeys(text)).toEqual([one, two]);
});
