import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { HUB_CONFIG, type HubConfig } from '../../config/hub-config.js';
import { LruMap } from '../lru-map.js';

const MAX_ACCOUNTS_REMEMBERED = 1_000;
const MAX_NETWORKS_PER_ACCOUNT = 8;
const DAY_MS = 24 * 3_600_000;

/**
 * From which networks somebody has signed in to an account within the last 90 days, the last eight: strangers who guess
 * at it do not hold up anybody there. Accounts and networks go by their hashes. Kept over a restart; without the database
 * a network is a stranger's, which holds up no longer than any pause.
 */
@Injectable()
export class KnownNetworks implements OnModuleInit {
  private readonly logger = new Logger('limits');
  /** When each was noted last, epoch ms. */
  private readonly known = new LruMap<string, Map<string, number>>(MAX_ACCOUNTS_REMEMBERED);

  constructor(
    private readonly dataSource: DataSource,
    @Inject(HUB_CONFIG) private readonly config: Pick<HubConfig, 'rateStore'>,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.dataSource.query(`delete from known_network where used_at < now() - interval '90 days'`);
    const rows = await this.dataSource.query<{ account: string; network: string; used_at: Date }[]>(
      'select account, network, used_at from known_network order by used_at desc limit $1',
      [MAX_ACCOUNTS_REMEMBERED * MAX_NETWORKS_PER_ACCOUNT],
    );
    for (const { account, network, used_at } of rows.reverse())
      this.remember(account, network, used_at.getTime());
  }

  async has(account: string, network: string): Promise<boolean> {
    if (this.known.get(account)?.has(network)) return true;
    // Another hub may have seen them.
    if (this.config.rateStore !== 'postgres') return false;
    const rows = await this.dataSource
      .query<unknown[]>('select 1 from known_network where account = $1 and network = $2', [account, network])
      .catch(() => []);
    return rows.length > 0;
  }

  /** A sign-in from there went well. */
  async note(account: string, network: string): Promise<void> {
    const now = Date.now();
    const before = this.known.get(account)?.get(network);
    this.remember(account, network, now);
    if (before !== undefined && Math.abs(now - before) < DAY_MS) return;
    await this.write(account, network).catch((error: Error) =>
      this.logger.warn(`a network that somebody signed in from was not noted: ${error.message}`),
    );
  }

  private remember(account: string, network: string, at: number): void {
    const networks = this.known.get(account) ?? new Map<string, number>();
    networks.delete(network);
    networks.set(network, at);
    if (networks.size > MAX_NETWORKS_PER_ACCOUNT) networks.delete(networks.keys().next().value as string);
    this.known.set(account, networks);
  }

  private async write(account: string, network: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.query(
        `insert into known_network (account, network, used_at) values ($1, $2, now())
         on conflict (account, network) do update set used_at = excluded.used_at`,
        [account, network],
      );
      await manager.query(
        `delete from known_network where account = $1 and network not in (
           select network from known_network where account = $1 order by used_at desc limit $2)`,
        [account, MAX_NETWORKS_PER_ACCOUNT],
      );
    });
  }
}
