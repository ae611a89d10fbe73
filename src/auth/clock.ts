/** Epoch milliseconds. Provided by the module as `Date.now`; a test puts its own in. */
export type Clock = () => number;

export const CLOCK = Symbol('clock');
