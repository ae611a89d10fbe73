import { onMount } from 'svelte';
import { describeError } from '../graphql/describe-error.ts';
import { notifier } from './notifier.svelte.ts';

/** What a panel shows of the hub: read when the panel appears, and again after each change. Made while a component is. */
export class Loaded<Data> {
  /** Undefined until it was read once. */
  data = $state.raw<Data>();
  /** Why the last reading failed. */
  error = $state.raw<unknown>();
  readonly #fetch: () => Promise<Data>;

  constructor(fetch: () => Promise<Data>) {
    this.#fetch = fetch;
    onMount(() => void this.load());
  }

  readonly load = async (): Promise<void> => {
    try {
      this.data = await this.#fetch();
      this.error = undefined;
    } catch (error) {
      this.error = error;
    }
  };

  /** Changes something on the hub, tells that it is done or why not, and reads again. */
  async change(work: () => Promise<unknown>, done: string): Promise<void> {
    try {
      await work();
      notifier.succeed(done);
    } catch (error) {
      notifier.fail(describeError(error));
    }
    await this.load();
  }
}
