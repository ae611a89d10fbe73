import { DomainError } from '../core/errors.js';
import { assertPasswordIsGood } from './password-policy.js';

const judge = (password: string): string => {
  try {
    assertPasswordIsGood(password, 'kim.meier@example.com');
    return 'good';
  } catch (error) {
    return error instanceof DomainError ? `${error.code} ${error.path}` : String(error);
  }
};

describe('the password policy', () => {
  it.each([
    ['eleven chars', 'x9 vmk2 qw!'],
    ['129 characters', 'k3'.repeat(64) + 'z'],
    ['a listed password', '1qaz2wsx3edc'],
    ['a listed password in capitals', 'SuperNatural'],
    ['a common word and a year', 'Password2026!'],
    ['a common word in leet spelling', 'P@$$w0rd123456'],
    ['a common word twice', 'monkeymonkey'],
    ['one character for ever', 'aaaaaaaaaaaaaaaa'],
    ['three characters for ever', 'xyzxyzxyzxyz'],
    ['the own name with a number', 'kim.meier2026'],
    ['the own address', 'kim.meier@example.com'],
  ])('refuses %s', (_, password) => {
    expect(judge(password)).toBe('invalid_input password');
  });

  it.each([
    ['twelve characters', 'x9 vmk2 qw!8'],
    ['a phrase with a common word inside', 'four monkeys on a ladder'],
    ['128 characters', 'k3v8q1m0'.repeat(15) + 'abcdefgh'],
    ['twelve signs that are each two UTF-16 units', '🐙🦊🐢🐬🦉🐝🦋🐞🐌🐜🦂🐳'],
  ])('takes %s', (_, password) => {
    expect(judge(password)).toBe('good');
  });
});
