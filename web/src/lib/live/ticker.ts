import { createSubscriber } from 'svelte/reactivity';
import { readHubNow } from '../graphql/hub-clock.ts';

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

/** Reactive: the hub's time now, anew each second while somebody looks. */
export function readTickingNow(): number {
  subscribe();
  return readHubNow();
}
