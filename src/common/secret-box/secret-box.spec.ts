import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { SecretBox } from './secret-box.js';

const PLACE = { table: 'channel', id: '6f1d', column: 'secret' };
const first = randomBytes(32);
const second = randomBytes(32);
const box = new SecretBox([first]);

describe('a sealed secret', () => {
  const sealed = box.seal(PLACE, 'grün 🔑');

  it('opens in its place, with its key', () => {
    expect(box.open(PLACE, sealed)).toBe('grün 🔑');
    expect(new SecretBox([first]).open(PLACE, new Uint8Array(sealed))).toBe('grün 🔑');
    expect(box.open(PLACE, box.seal(PLACE, ''))).toBe('');
  });

  it('shows nothing of the secret, and never looks the same twice', () => {
    const again = box.seal(PLACE, 'grün 🔑');
    expect(sealed.includes('grün')).toBe(false);
    expect(again.equals(sealed)).toBe(false);
    expect(again.subarray(0, 9).equals(sealed.subarray(0, 9))).toBe(true);
  });

  it.each([
    ['another row', { ...PLACE, id: '6f1e' }],
    ['another table', { ...PLACE, table: 'endpoint' }],
    ['another column', { ...PLACE, column: 'password' }],
    ['parts that only look alike when joined', { table: 'channel6f1d', id: '', column: 'secret' }],
  ])('stays shut in %s', (_what, place) => expect(box.open(place, sealed)).toBeUndefined());

  it('stays shut when any byte of it was changed, or some are missing', () => {
    for (let index = 0; index < sealed.length; index++) {
      const changed = Buffer.from(sealed);
      changed[index]! ^= 1;
      expect([index, box.open(PLACE, changed)]).toEqual([index, undefined]);
      expect(box.open(PLACE, sealed.subarray(0, index))).toBeUndefined();
    }
    expect(box.open(PLACE, randomBytes(100))).toBeUndefined();
  });

  it('stays shut without its key, and is opened by an earlier one', () => {
    expect(new SecretBox([second]).open(PLACE, sealed)).toBeUndefined();
    expect(new SecretBox([]).open(PLACE, sealed)).toBeUndefined();
    const rotated = new SecretBox([second, first]);
    expect(rotated.open(PLACE, sealed)).toBe('grün 🔑');
    expect([box.isCurrent(sealed), rotated.isCurrent(sealed)]).toEqual([true, false]);
    expect(new SecretBox([second]).open(PLACE, rotated.seal(PLACE, 'x'))).toBe('x');
  });
});

it('a box without a key says so and shows none otherwise', () => {
  expect(() => new SecretBox([]).seal(PLACE, 'x')).toThrow(
    expect.objectContaining({ code: 'storage_unavailable' }),
  );
  expect(() => box.seal(PLACE, 'x'.repeat(70_000))).toThrow(
    expect.objectContaining({ code: 'invalid_input' }),
  );
  const shown = inspect(box, { depth: 9, showHidden: true }) + JSON.stringify(box);
  expect(shown).not.toContain(first.toString('hex').slice(0, 8));
  expect(shown).not.toContain(first.toString('base64').slice(0, 8));
});
