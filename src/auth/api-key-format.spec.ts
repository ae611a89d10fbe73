import {
  createApiKeyText,
  isWellFormedApiKey,
  mayBeApiKey,
  readBearer,
  readPresentedKey,
} from './api-key-format.js';

describe('the form of an API key', () => {
  // Reckoned outside this code base: base62 with 0-9A-Za-z, CRC-32 of the 46 characters before.
  it.each([
    [Buffer.alloc(32), 'wk_00000000000000000000000000000000000000000003gLqtj'],
    [Buffer.alloc(32, 255), 'wk_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp11nukPX'],
    [
      Buffer.from(Array.from({ length: 32 }, (_, n) => n)),
      'wk_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf4Axo1P',
    ],
  ])('is the golden text', (secret, text) => {
    expect(createApiKeyText(secret)).toBe(text);
    expect(isWellFormedApiKey(text)).toBe(true);
  });

  it('is another each time, and always right', () => {
    const keys = Array.from({ length: 500 }, () => createApiKeyText());
    expect(new Set(keys).size).toBe(500);
    for (const key of keys) expect(mayBeApiKey(key) && isWellFormedApiKey(key)).toBe(true);
  });

  it('tells any one wrong character', () => {
    const key = createApiKeyText();
    for (let at = 3; at < key.length; at += 1) {
      const other = key[at] === 'a' ? 'b' : 'a';
      expect(isWellFormedApiKey(key.slice(0, at) + other + key.slice(at + 1))).toBe(false);
    }
  });

  it.each([
    ['empty', ''],
    ['a newline behind', '\n'],
    ['one more', 'a'],
  ])('refuses %s', (_, tail) => {
    expect(isWellFormedApiKey(tail === '' ? '' : createApiKeyText() + tail)).toBe(false);
  });
});

describe('where a key is shown', () => {
  it.each([
    [{ 'x-api-key': 'k' }, 'k'],
    [{ authorization: 'Bearer k' }, 'k'],
    [{ authorization: 'bearer  k ' }, 'k'],
    [{ 'x-api-key': 'k', authorization: 'Bearer other' }, 'k'],
    [{ authorization: 'Basic azpr' }, undefined],
    [{ authorization: 'Bearer' }, undefined],
    [{}, undefined],
  ])('%j → %s', (headers, key) => {
    expect(readPresentedKey(headers)).toBe(key);
  });

  it('reads any bearer', () => {
    expect(readBearer({ authorization: 'Bearer wkp_x' })).toBe('wkp_x');
  });
});
