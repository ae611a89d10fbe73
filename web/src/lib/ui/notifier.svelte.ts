import type { Component } from 'svelte';
import type { ToasterProps } from 'svelte-sonner';

/** Short messages at the edge of the page. Their library is loaded with the first one. */
class Notifier {
  Toaster = $state.raw<Component<ToasterProps>>();

  succeed(text: string): void {
    void this.#load().then(({ toast }) => toast.success(text));
  }

  fail(text: string): void {
    void this.#load().then(({ toast }) => toast.error(text));
  }

  async #load() {
    const module = await import('svelte-sonner');
    this.Toaster = module.Toaster;
    return module;
  }
}

export const notifier = new Notifier();
