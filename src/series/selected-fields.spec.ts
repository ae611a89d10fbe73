import { buildSchema, graphql } from 'graphql';
import { isAskedFor } from './selected-fields.js';

const schema = buildSchema(`
  type Column { mean: Int min: Int max: Int }
  type Series { timestamps: Int columns: [Column!]! }
  type Query { series: Series! }
`);

describe('whether extremes are asked for', () => {
  it.each([
    ['{ series { timestamps columns { mean } } }', false],
    ['{ series { columns { mean max } } }', true],
    ['{ series { columns { lowest: min } } }', true],
    ['{ series { timestamps } }', false],
    [
      '{ series { ...Chart } } fragment Chart on Series { columns { ...Line } } fragment Line on Column { min }',
      true,
    ],
    ['{ series { ... on Series { columns { ... on Column { max } } } } }', true],
    ['{ series { columns { mean } } series { columns { min } } }', true],
    ['{ series { ...Chart } } fragment Chart on Series { columns { mean } }', false],
  ])('%s: %s', async (source, expected) => {
    let asked: boolean | undefined;
    const series = (_: unknown, __: unknown, info: Parameters<typeof isAskedFor>[0]) => {
      asked = isAskedFor(info, 'columns', ['min', 'max']);
      return { columns: [] };
    };
    const { errors } = await graphql({ schema, source, rootValue: { series } });
    expect([errors, asked]).toEqual([undefined, expected]);
  });
});
