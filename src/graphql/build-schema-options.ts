import type { BuildSchemaOptions } from '@nestjs/graphql';
import { DateTimeScalar } from '../common/graphql/scalars.js';

/** How TypeScript types become GraphQL types, the same for the hub and for the printed schema. */
export const BUILD_SCHEMA_OPTIONS: BuildSchemaOptions = {
  numberScalarMode: 'float',
  scalarsMap: [{ type: Date, scalar: DateTimeScalar }],
};
