import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { DomainError } from '../../core/errors.js';

/** Where a sealed secret lives. It opens there and nowhere else: a copy in another row or column stays shut. */
export interface SecretPlace {
  readonly table: string;
  /** Of the row; known before the secret is sealed. */
  readonly id: string;
  readonly column: string;
}

const VERSION = 1;
const KEY_ID_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES;
const MAX_SECRET_BYTES = 64 * 1024;

interface SealingKey {
  readonly id: Buffer;
  readonly key: KeyObject;
}

/**
 * Seals small secrets for the database with AES-256-GCM. The key is outside the database: whoever has a dump of
 * that alone has none of them.
 *
 * Layout: version (1 byte, 1) · key id (8) · nonce (12, random) · ciphertext · tag (16). Version, key id and place
 * are authenticated with it.
 */
export class SecretBox {
  readonly #keys: readonly SealingKey[];

  /**
   * @param masterKeys 32 bytes each: the first seals and opens, the others only open. None: nothing can be sealed or
   * opened.
   */
  constructor(masterKeys: readonly Uint8Array[]) {
    this.#keys = masterKeys.map((master) => {
      const key = createSecretKey(
        Buffer.from(hkdfSync('sha256', master, '', 'watchkeeper secret-box 1', 32)),
      );
      const id = createHmac('sha256', master).update('watchkeeper key id').digest().subarray(0, KEY_ID_BYTES);
      return { id, key };
    });
  }

  /** Whether there is a key to seal with. */
  get canSeal(): boolean {
    return this.#keys.length > 0;
  }

  /** @throws DomainError `storage_unavailable` where the hub has no key, `invalid_input` over 64 KiB. */
  seal(place: SecretPlace, secret: string): Buffer {
    const current = this.#keys[0];
    if (!current) {
      throw new DomainError(
        'storage_unavailable',
        'The hub has no key to seal secrets with; its start log says what to do.',
      );
    }
    const plain = Buffer.from(secret, 'utf8');
    if (plain.length > MAX_SECRET_BYTES) throw new DomainError('invalid_input', 'The secret is too long.');
    const header = Buffer.concat([Buffer.of(VERSION), current.id]);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', current.key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(bindTo(header, place));
    return Buffer.concat([header, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  /** The secret, or undefined where it cannot be read: sealed with a key that is gone, moved, or damaged. */
  open(place: SecretPlace, sealed: Uint8Array): string | undefined {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    if (bytes.length < HEADER_BYTES + NONCE_BYTES + TAG_BYTES || bytes[0] !== VERSION) return undefined;
    const header = bytes.subarray(0, HEADER_BYTES);
    const found = this.#keys.find(({ id }) => id.equals(header.subarray(1)));
    if (!found) return undefined;
    const nonce = bytes.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', found.key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(bindTo(header, place));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const plain = decipher.update(bytes.subarray(HEADER_BYTES + NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([plain, decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }

  /** Whether it was sealed with the key that seals today; else it is worth sealing again. */
  isCurrent(sealed: Uint8Array): boolean {
    const id = this.#keys[0]?.id;
    return id !== undefined && id.equals(sealed.subarray(1, HEADER_BYTES)) && sealed[0] === VERSION;
  }
}

function bindTo(header: Buffer, { table, id, column }: SecretPlace): Buffer {
  // JSON keeps the parts apart whatever they hold.
  return Buffer.concat([header, Buffer.from(JSON.stringify([table, id, column]))]);
}
