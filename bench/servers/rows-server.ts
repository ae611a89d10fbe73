/**
 * What one would write first: a table with one row a sample, one insert a request, acknowledged after the commit.
 * Takes the hub's reports; `DATABASE` is the connection as JSON. Prints its port.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool, type PoolConfig } from 'pg';
import { readJsonBody } from './read-body.js';

/** Room for the series of one machine in the space of series ids. */
const SERIES_SPAN = 1_000;

const pool = new Pool({ ...(JSON.parse(process.env['DATABASE']!) as PoolConfig), max: 10 });
await pool.query(
  'create table sample (series_id int not null, at bigint not null, value float8 not null, primary key (series_id, at))',
);

const server = http.createServer(async (request, response) => {
  try {
    const body = (await readJsonBody(request)) as { reports?: object[] };
    const reports = body.reports ?? [body];
    await store(Number(request.headers['x-machine']) * SERIES_SPAN, reports);
    const answer = `{"accepted":${reports.length}}`;
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
      .end(answer);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`));

async function store(firstSeries: number, reports: readonly object[]): Promise<void> {
  const [series, ats, values]: [number[], number[], number[]] = [[], [], []];
  for (const report of reports) {
    const { at, cpu, memory, storage, network, custom } = report as Record<string, unknown>;
    const numbers: number[] = [];
    collectNumbers([cpu, memory, storage, network, custom], numbers);
    numbers.forEach((value, index) => {
      series.push(firstSeries + index);
      ats.push(at as number);
      values.push(value);
    });
  }
  await pool.query({
    name: 'store',
    text: 'insert into sample select * from unnest($1::int[], $2::bigint[], $3::float8[]) on conflict do nothing',
    values: [`{${series.join(',')}}`, `{${ats.join(',')}}`, `{${values.join(',')}}`],
  });
}

function collectNumbers(value: unknown, into: number[]): void {
  if (typeof value === 'number') into.push(value);
  else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) collectNumbers(part, into);
  }
}
