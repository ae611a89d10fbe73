import {
  getNamedType,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';

/** What an operation is to be about. */
export interface Sample {
  readonly monitorId: string;
  readonly userId: string;
  /** Ids by the kind of thing, in lower camel case: `monitor`, `apiKey`, `share`. */
  readonly ids: Readonly<Record<string, string>>;
}

export interface Operation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

const MAX_DEPTH = 5;

/** Inputs that must be sensible to get as far as the question of who may. */
const INPUTS: Readonly<Record<string, (sample: Sample) => unknown>> = {
  InviteUserInput: () => ({ email: 'new@b.example', role: 'VIEWER' }),
  ChangeEmailInput: () => ({ email: 'other@b.example', currentPassword: 'not this one at all' }),
  ChangePasswordInput: () => ({
    currentPassword: 'not this one at all',
    newPassword: 'seven dogs in a boat',
  }),
  ShareInput: ({ userId }) => ({ access: 'VIEW', userId }),
  CreateAccessTokenInput: () => ({ name: 'x', scope: 'READ' }),
};

/** The operation that asks for one field at the root of the schema and all that hangs on it. */
export function buildOperation(
  schema: GraphQLSchema,
  rootType: 'Query' | 'Mutation' | 'Subscription',
  fieldName: string,
  sample: Sample,
): Operation {
  const field = (schema.getType(rootType) as GraphQLObjectType).getFields()[fieldName]!;
  const variables: Record<string, unknown> = {};
  const declared: string[] = [];
  const passed: string[] = [];
  for (const arg of field.args) {
    if (!isRequiredArgument(arg) && arg.name !== 'monitorIds') continue;
    variables[arg.name] =
      arg.name === 'id' ? findId(fieldName, sample) : sampleOf(arg.name, arg.type, sample);
    declared.push(`$${arg.name}: ${arg.type}`);
    passed.push(`${arg.name}: $${arg.name}`);
  }
  const head = declared.length > 0 ? `(${declared.join(', ')})` : '';
  const call = passed.length > 0 ? `(${passed.join(', ')})` : '';
  const query = `${rootType.toLowerCase()} ${head} { ${fieldName}${call} ${select(field.type, MAX_DEPTH)} }`;
  return { query, variables };
}

/** `revokeApiKey(id:)` is about an API key. */
function findId(fieldName: string, { ids }: Sample): string {
  const kind = Object.keys(ids).find((name) => fieldName.toLowerCase().endsWith(name.toLowerCase()));
  if (kind === undefined) throw new Error(`what is the id of ${fieldName}? Add a sample of it.`);
  return ids[kind]!;
}

function sampleOf(name: string, type: GraphQLInputType, sample: Sample): unknown {
  if (isNonNullType(type)) return sampleOf(name, type.ofType, sample);
  if (isListType(type)) return [sampleOf(name, type.ofType, sample)];
  if (isEnumType(type)) return type.getValues()[0]!.name;
  if (isInputObjectType(type)) {
    const known = INPUTS[type.name];
    if (known) return known(sample);
    const required = Object.values(type.getFields()).filter(isRequiredInputField);
    return Object.fromEntries(
      required.map((field) => [field.name, sampleOf(field.name, field.type, sample)]),
    );
  }
  if (type.name === 'ID') return /user/i.test(name) ? sample.userId : sample.monitorId;
  if (type.name === 'DateTime') return new Date(Date.now() - (name === 'from' ? 3_600_000 : 0)).toISOString();
  if (type.name === 'Int' || type.name === 'Float') return 1;
  if (type.name === 'Boolean') return false;
  return name === 'metrics' ? 'cpu.usagePercent' : 'x';
}

function select(type: GraphQLOutputType, depth: number): string {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  const fields = Object.values((named as GraphQLObjectType).getFields())
    .filter(
      ({ args, type: inner }) =>
        !args.some(isRequiredArgument) && (isLeafType(getNamedType(inner)) || depth > 1),
    )
    .map((field) => `${field.name} ${select(field.type, depth - 1)}`);
  return `{ ${fields.join(' ')} }`;
}
