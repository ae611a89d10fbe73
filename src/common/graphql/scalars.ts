import { GraphQLError, GraphQLScalarType } from 'graphql';
import { GraphQLDateTime, GraphQLJSONObject } from 'graphql-scalars';

/** Refuses what is no instant; Nest's own DateTime accepts some of that. */
export const DateTimeScalar = GraphQLDateTime;
export const JsonObjectScalar = GraphQLJSONObject;

/** A column of numbers as resolvers hand it over; NaN and null are both a gap. */
export type NumberColumn = Float64Array | readonly (number | null)[];

/** Output only: a JSON array of numbers, null = gap. */
export const NumberColumnScalar = new GraphQLScalarType({
  name: 'NumberColumn',
  description: 'A JSON array of numbers; null = gap',
  serialize: serializeNumberColumn,
  parseValue: refuseInput,
  parseLiteral: refuseInput,
});

/** A plain array of nothing but doubles is what JSON.stringify is quickest with; of a NaN it makes null. */
function serializeNumberColumn(column: unknown): readonly (number | null)[] {
  if (!(column instanceof Float64Array) && !Array.isArray(column)) {
    throw new GraphQLError('a NumberColumn must be a Float64Array or an array');
  }
  if (!(column instanceof Float64Array)) return column as (number | null)[];
  const out = new Array<number>(column.length);
  for (let index = 0; index < column.length; index++) out[index] = column[index]!;
  return out;
}

function refuseInput(): never {
  throw new GraphQLError('a NumberColumn cannot be an input');
}
