import { Injectable, Logger } from '@nestjs/common';
import type { EventMap, EventName } from './event-map.js';

type Listener<Name extends EventName> = (event: EventMap[Name]) => void;

/**
 * Tells listeners in this process what has happened. Listeners are synchronous and quick (they note,
 * they do not work): a listener that throws is logged and never disturbs the announcer or the others.
 */
@Injectable()
export class EventBus {
  private readonly logger = new Logger(EventBus.name);
  private readonly listeners = new Map<EventName, Set<Listener<never>>>();

  /** Starts listening; the returned function stops it. */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void {
    const listeners = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, listeners);
    listeners.add(listener as Listener<never>);
    return () => listeners.delete(listener as Listener<never>);
  }

  announce<Name extends EventName>(name: Name, event: EventMap[Name]): void {
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        (listener as Listener<Name>)(event);
      } catch (error) {
        this.logger.error(
          `a listener of ${name} failed`,
          error instanceof Error ? error.stack : String(error),
        );
      }
    }
  }
}
