import { createSubscriber } from 'svelte/reactivity';

const subscribe = createSubscriber((update) => {
  document.addEventListener('visibilitychange', update);
  return () => document.removeEventListener('visibilitychange', update);
});

/** Reactive: a hidden page stops its subscriptions and catches up when it is seen again. */
export function isPageVisible(): boolean {
  subscribe();
  return document.visibilityState === 'visible';
}
