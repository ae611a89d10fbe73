import { HubError } from '../graphql/hub-error.ts';

/** A form's one submission at a time: busy, the failure, and the messages of its fields. */
export class FormAction {
  isBusy = $state(false);
  error = $state.raw<unknown>();
  fields = $state.raw<Readonly<Record<string, string>>>({});

  /** What to say above the form; a failure that is told at its field is not said twice. */
  get generalError(): unknown {
    return Object.keys(this.fields).length > 0 ? undefined : this.error;
  }

  /** Returns what `work` returns, or undefined when it failed; the failure is then in `error`. */
  async run<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    if (this.isBusy) return undefined;
    this.isBusy = true;
    this.error = undefined;
    this.fields = {};
    try {
      return await work();
    } catch (error) {
      this.error = error;
      if (error instanceof HubError) this.fields = error.fields;
      return undefined;
    } finally {
      this.isBusy = false;
    }
  }
}
