import { query } from '../graphql/client.ts';
import { SeriesDocument } from '../graphql/generated/graphql.ts';

export interface SeriesQuestion {
  readonly monitorIds: string[];
  readonly metrics: string[];
  readonly from: number;
  readonly to: number;
  readonly maxPoints: number;
}

export async function fetchSeries({ from, to, ...question }: SeriesQuestion) {
  const variables = { ...question, from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  return (await query(SeriesDocument, variables)).series;
}
