import {
  type DocumentNode,
  getNamedType,
  getNullableType,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  type GraphQLSchema,
  isLeafType,
  isListType,
} from 'graphql';
import { type ComplexityEstimator, getComplexity } from 'graphql-query-complexity';
import { QUERY_LIMITS } from './query-limits.js';

/** How long a list is taken to be that no argument bounds. */
const LIST_LENGTHS: Readonly<Record<string, number>> = { Monitor: 100, LatestValues: 100 };
const OTHER_LIST_LENGTH = 20;
/** Points of a chart that cost as much as one object: so many that the most that `series` answers is within the limit. */
const POINTS_PER_UNIT = 1_250;
/** A request of `series` answers no more of them. */
const MAX_SERIES = 500;
/** Monitors that a subscription watches, which cost as much as one object. */
const WATCHED_PER_UNIT = 100;

type Given = Readonly<Record<string, unknown>>;

export interface MeasuredOperation {
  readonly schema: GraphQLSchema;
  /** Valid: the rules were applied before. */
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

/**
 * What an operation costs with its variables: one for each object of the answer, one for each 1,250 points of a
 * chart. A list is as long as its arguments say, else it is taken to be of a usual length. Through fragments as often
 * as they are spread.
 *
 * @returns undefined where there is no such operation or the variables do not fit: the execution says so
 */
export function measureCost({
  schema,
  document,
  operationName,
  variables,
}: MeasuredOperation): number | undefined {
  const operation = getOperationAST(document, operationName);
  if (!operation) return undefined;
  const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {});
  if (errors) return undefined;
  try {
    return getComplexity({
      schema,
      query: document,
      variables: variables ?? {},
      estimators: [estimate],
      ...(operationName && { operationName }),
    });
  } catch {
    // So many fields through fragments that it gave up counting.
    return Infinity;
  }
}

/** Why an operation is too dear for one request; undefined when it is not. */
export function findCostFault(cost: number): GraphQLError | undefined {
  if (cost <= QUERY_LIMITS.cost) return undefined;
  const actual = Number.isFinite(cost) ? `, it is ${Math.ceil(cost)}` : '';
  return new GraphQLError(
    `The operation is over the limit of cost: ${QUERY_LIMITS.cost}${actual}. ` +
      'Ask for less at once: fewer monitors, metrics, points or fields.',
    { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
  );
}

const estimate: ComplexityEstimator = ({ field, args, childComplexity }) => {
  const type = getNamedType(field.type);
  if (isLeafType(type) || field.name.startsWith('__')) return 0;
  if (field.name === 'series') return 1 + (countSeries(args) * asCount(args['maxPoints'])) / POINTS_PER_UNIT;
  const { first } = args as Given;
  // A page of a list holds the list: it was taken to be of the usual length.
  const isPage = typeof first === 'number' && !isListType(getNullableType(field.type));
  const each = 1 + (isPage ? (childComplexity * Math.max(1, first)) / OTHER_LIST_LENGTH : childComplexity);
  if (!isListType(getNullableType(field.type))) return each + countNamed(args) / WATCHED_PER_UNIT;
  return (readLength(args) ?? LIST_LENGTHS[type.name] ?? OTHER_LIST_LENGTH) * each;
};

/** How long the arguments let a list be; undefined when they do not bound it. */
function readLength(args: Given): number | undefined {
  if (typeof args['first'] === 'number') return Math.max(1, args['first']);
  const named = (args['filter'] as Given | null | undefined)?.['ids'] ?? args['monitorIds'];
  return Array.isArray(named) ? Math.max(1, named.length) : undefined;
}

function countSeries(args: Given): number {
  return Math.min(MAX_SERIES, countNamed(args) * asLength(args['metrics']));
}

function countNamed(args: Given): number {
  return asLength(args['monitorIds']);
}

function asLength(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}

/** Whatever the resolver will refuse costs nothing here, and never less than nothing. */
function asCount(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : 0;
}
