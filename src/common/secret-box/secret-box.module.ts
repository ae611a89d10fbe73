import { Logger, Module } from '@nestjs/common';
import { HUB_CONFIG, type HubConfig } from '../../config/hub-config.js';
import { parseSecretKeys } from '../../config/secret-keys.js';
import { loadKeyFile } from './key-file.js';
import { SealedColumns } from './sealed-columns.js';
import { SecretBox } from './secret-box.js';

/** Gives `SealedColumns` to the features that keep secrets of users. */
@Module({
  providers: [{ provide: SecretBox, inject: [HUB_CONFIG], useFactory: createSecretBox }, SealedColumns],
  exports: [SecretBox, SealedColumns],
})
export class SecretBoxModule {}

async function createSecretBox(config: HubConfig): Promise<SecretBox> {
  if (config.secretKeys !== undefined) return new SecretBox(parseSecretKeys(config.secretKeys) ?? []);
  const { keys, warning } = await loadKeyFile(config.dataDir);
  if (warning !== undefined) new Logger('secrets').warn(warning);
  return new SecretBox(keys);
}
