import type { ParsedReport } from './parsed-report.js';
import type { AgentState } from './report.js';
import { ignore, isObject, Refusal, takeNumber, takeText } from './report-values.js';

const COUNTS = ['droppedReports', 'droppedReportsAt', 'refusedReports'] as const;

/** Reads the `agent` part of a report: how the agent fares. @throws Refusal */
export function readAgentState(value: unknown, parsed: ParsedReport): void {
  if (!isObject(value)) throw new Refusal('wrong_type', '/agent');
  const agent: AgentState = {};
  for (const name in value) {
    const path = `/agent/${name}`;
    const given = value[name];
    if (given === undefined) continue;
    if (name === 'clockOffsetMs') agent.clockOffsetMs = Math.round(takeNumber(given, 'gauge', path));
    else if (name === 'isClockCorrected') {
      if (typeof given !== 'boolean') throw new Refusal('wrong_type', path);
      agent.isClockCorrected = given;
    } else if (name === 'spoolProblem') agent.spoolProblem = takeText(given, path);
    else if ((COUNTS as readonly string[]).includes(name)) {
      const count = takeNumber(given, 'gauge', path);
      if (!Number.isSafeInteger(count) || count < 0) throw new Refusal('out_of_range', path);
      agent[name as (typeof COUNTS)[number]] = count;
    } else ignore(parsed, `agent.${name}`);
  }
  parsed.agent = agent;
}
