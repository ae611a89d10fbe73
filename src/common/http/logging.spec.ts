import { createHubLogger, renderReadableLine } from './logging.js';

describe('the log', () => {
  const lines: string[] = [];
  const logger = createHubLogger('info', { write: (line) => lines.push(line) });

  beforeEach(() => lines.splice(0));

  it('writes one JSON object a line, whatever the text holds', () => {
    const hostile = 'a\r\nb \u001b[2J \u009b2J \u2028 \u007f "quoted"';
    logger.warn(hostile, 'http');
    expect(lines).toHaveLength(1);
    const [line] = lines as [string];
    expect(line.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    expect(JSON.parse(line)).toMatchObject({ level: 40, context: 'http', msg: hostile });
  });

  it('keeps secrets out and levels apart', () => {
    logger.log(
      { headers: { authorization: 'Bearer wk_x', cookie: 'session=x', 'x-api-key': 'wk_y' } },
      'http',
    );
    logger.debug?.('quiet', 'http');
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/wk_|session=/);
  });

  it('is short for a terminal, and moves no cursor there', () => {
    const entry = { level: 30, time: '2026-11-22T19:30:01.000Z', context: 'hub', msg: 'up\u001b[2J\nhere' };
    expect(renderReadableLine(JSON.stringify(entry))).toBe('19:30:01 info  hub: up\\u001b[2J\\nhere\n');
    const failed = { ...entry, msg: undefined, err: { message: 'gone', stack: 'Error: gone\n    at x' } };
    expect(renderReadableLine(JSON.stringify(failed))).toBe(
      '19:30:01 info  hub: gone\nError: gone\n    at x\n',
    );
  });
});
