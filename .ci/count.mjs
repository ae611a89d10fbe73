// Prints "N passed, N failed" from Jest's results, and fails when anything failed. A suite that could not run at
// all, the check, and a test run that ended badly without a failed test each count as one failure.
import { readFileSync } from 'node:fs';

const [path, checkStatus, testStatus] = process.argv.slice(2);

function readResults() {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 0 };
  }
}

const results = readResults();
const failedTests = results.numFailedTests + results.numRuntimeErrorTestSuites;
const failed = (failedTests === 0 && testStatus !== '0' ? 1 : failedTests) + (checkStatus === '0' ? 0 : 1);
console.log(`${results.numPassedTests} passed, ${failed} failed`);
process.exitCode = failed === 0 && results.numPassedTests > 0 ? 0 : 1;
