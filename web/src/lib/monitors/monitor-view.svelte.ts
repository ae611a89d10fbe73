import { subscribe } from '../graphql/client.ts';
import { MonitorStatusChangedDocument } from '../graphql/generated/graphql.ts';
import { toLatestReport, type LatestReport } from './current-values.ts';
import { fetchMonitor, type DetailedMonitor, type MonitorSummary } from './monitors-api.ts';

/** The monitor of its own page: what it is and how it is, kept live. Its series have a state of their own. */
export class MonitorView {
  monitor = $state.raw<DetailedMonitor>();
  phase = $state<'loading' | 'ready' | 'missing' | 'failed'>('loading');
  error = $state.raw<unknown>();
  readonly latest = $derived<LatestReport | undefined>(
    this.monitor?.latest ? toLatestReport(this.monitor.latest) : undefined,
  );
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  async refresh(): Promise<void> {
    try {
      const monitor = await fetchMonitor(this.id);
      this.monitor = monitor ?? undefined;
      this.phase = monitor ? 'ready' : 'missing';
      this.error = undefined;
    } catch (error) {
      this.error = error;
      if (this.phase === 'loading') this.phase = 'failed';
    }
  }

  watchStatus(): () => void {
    return subscribe(MonitorStatusChangedDocument, {}, (data) => {
      if (data.monitorStatusChanged.id === this.id) this.put(data.monitorStatusChanged);
    });
  }

  putForwarding(forwarding: DetailedMonitor['forwarding']): void {
    if (this.monitor) this.monitor = { ...this.monitor, forwarding };
  }

  put(changed: MonitorSummary): void {
    if (!this.monitor) return;
    this.monitor = { ...this.monitor, ...changed };
    // The inventory comes soon after the first report; the hub tells that it is there, and no more.
    if (!this.monitor.host && changed.health !== 'PENDING') void this.refresh();
  }
}
