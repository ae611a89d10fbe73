// Loaded before a hub under test (`node --import`): ends it at a named step, makes its upkeep come often, and sets its
// clock ahead, so that days of sealing fit into seconds. The product knows nothing of these variables.
//   TEST_KILL_AT=seal.done       the step (src/common/step.ts) at which the process kills itself
//   TEST_KILL_AFTER=3            when it is reached for the third time; 1 by default
//   TEST_UPKEEP_MS=100           whatever comes each 5 seconds or more seldom comes this often
//   TEST_CLOCK_AHEAD_MS=3600000  Date.now() is an hour ahead
const { TEST_KILL_AT, TEST_KILL_AFTER = '1', TEST_UPKEEP_MS, TEST_CLOCK_AHEAD_MS } = process.env;

if (TEST_KILL_AT) {
  let left = Number(TEST_KILL_AFTER);
  globalThis[Symbol.for('watchkeeper.step')] = (step) => {
    if (step === TEST_KILL_AT && --left === 0) process.kill(process.pid, 'SIGKILL');
  };
}

if (TEST_UPKEEP_MS) {
  const setPlainInterval = globalThis.setInterval;
  globalThis.setInterval = (callback, ms, ...values) =>
    setPlainInterval(callback, ms >= 5_000 ? Number(TEST_UPKEEP_MS) : ms, ...values);
}

if (TEST_CLOCK_AHEAD_MS) {
  const readClock = Date.now;
  Date.now = () => readClock() + Number(TEST_CLOCK_AHEAD_MS);
}
