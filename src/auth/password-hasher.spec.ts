import { hashSync } from '@node-rs/argon2';
import { PasswordHasher } from './password-hasher.js';

describe('PasswordHasher', () => {
  it('makes Argon2id hashes of the stated cost, each with its own salt, that only the password opens', async () => {
    const hasher = new PasswordHasher();
    const [first, second] = await Promise.all([hasher.hash('correct horse'), hasher.hash('correct horse')]);
    expect(first).toMatch(/^\$argon2id\$v=19\$m=65536,t=3,p=1\$/);
    expect(second).not.toBe(first);
    expect(await hasher.verify(first, 'correct horse')).toBe(true);
    expect(await hasher.verify(first, 'correct horsf')).toBe(false);
  });

  it('takes one spelling of a letter for another', async () => {
    const hasher = new PasswordHasher();
    const stored = await hasher.hash('schönes passwort'.normalize('NFC'));
    expect(await hasher.verify(stored, 'schönes passwort'.normalize('NFD'))).toBe(true);
  });

  it('works as long for nobody as for somebody, and never opens', async () => {
    const hasher = new PasswordHasher();
    const stored = await hasher.hash('correct horse');
    const time = async (hash: string | undefined): Promise<number> => {
      const startedAt = performance.now();
      expect(await hasher.verify(hash, 'wrong')).toBe(false);
      return performance.now() - startedAt;
    };
    await time(stored);
    const somebody = await time(stored);
    const nobody = await time(undefined);
    // Only that the work is done at all: without it the difference is a thousandfold.
    expect(nobody).toBeGreaterThan(somebody / 5);
  });

  it('lets 2 work and 16 wait, and refuses the next', async () => {
    const hasher = new PasswordHasher();
    const taken = Array.from({ length: 18 }, () => hasher.hash('correct horse'));
    await expect(hasher.hash('correct horse')).rejects.toMatchObject({
      code: 'overloaded',
      retryAfterSeconds: 2,
    });
    await Promise.all(taken);
    await expect(hasher.hash('correct horse')).resolves.toContain('argon2id');
  }, 30_000);

  it('knows a hash that was made with less', () => {
    const hasher = new PasswordHasher();
    expect(hasher.isOutdated(hashSync('x', { memoryCost: 19_456, timeCost: 2, parallelism: 1 }))).toBe(true);
    expect(hasher.isOutdated(hashSync('x', { memoryCost: 65_536, timeCost: 3, parallelism: 1 }))).toBe(false);
  });
});
