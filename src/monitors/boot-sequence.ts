/** What is known of one boot of a machine. */
export interface SeenBoot {
  readonly bootId: string;
  /** IP address; null where it is not known. */
  readonly address: string | null;
}

interface Boot {
  id: string;
  address: string | null;
  /** Of its first report since it is the current one, epoch milliseconds. */
  firstAt: number;
  lastAt: number;
}

/**
 * The boots that report as one monitor, in the order of what they measured, not of when it came: what a machine kept
 * while the hub was away comes after its next start, and is older. A boot that ends for good gives way to the next one;
 * one that measures again after the next had begun runs beside it, on another machine.
 */
export class BootSequence {
  private previous: Boot | undefined;
  private latest: Boot | undefined;
  private isFlagged = false;

  get current(): string | undefined {
    return this.latest?.id;
  }

  /** @returns the two boots, the first time that they are seen to take turns */
  note(id: string, at: number, address: string | null): [SeenBoot, SeenBoot] | undefined {
    const { latest, previous } = this;
    if (!latest) this.latest = { id, address, firstAt: at, lastAt: at };
    else if (latest.id === id) {
      latest.lastAt = Math.max(latest.lastAt, at);
      if (address !== null) latest.address = address;
    } else if (previous?.id === id && at > latest.firstAt) {
      previous.address = address ?? previous.address;
      if (this.isFlagged) return undefined;
      this.isFlagged = true;
      return [toSeen(previous), toSeen(latest)];
    } else if (at > latest.lastAt) {
      this.previous = latest;
      this.latest = { id, address, firstAt: at, lastAt: at };
    }
    return undefined;
  }
}

function toSeen({ id, address }: Boot): SeenBoot {
  return { bootId: id, address };
}
