import { Injectable } from '@nestjs/common';
import type { ForwardingModel } from './forwarding.model.js';

/** Where whoever sends reports on tells how it goes, for whoever shows monitors. */
@Injectable()
export class ForwardingBoard {
  private read: (monitorId: string) => ForwardingModel | null = () => null;

  provide(read: (monitorId: string) => ForwardingModel | null): void {
    this.read = read;
  }

  /** Null: this monitor sends nothing on. */
  of(monitorId: string): ForwardingModel | null {
    return this.read(monitorId);
  }
}
