import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { GraphQLSchemaBuilderModule, GraphQLSchemaFactory } from '@nestjs/graphql';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { BUILD_SCHEMA_OPTIONS } from './graphql/build-schema-options.js';
import { findUndeclaredFields } from './auth/access-policy.js';
import { AuditResolver } from './auth/audit/audit.resolver.js';
import { OidcResolver } from './auth/oidc/oidc.resolver.js';
import { SecondFactorResolver } from './auth/second-factor/second-factor.resolver.js';
import { AccessTokenResolver } from './auth/tokens/access-token.resolver.js';
import { AccountResolver } from './auth/users/account.resolver.js';
import { UsersResolver } from './auth/users/users.resolver.js';
import { ViewerResolver } from './auth/viewer.resolver.js';
import { EnrolmentResolver } from './enrolment/enrolment.resolver.js';
import { ForwardingResolver } from './forwarding/forwarding.resolver.js';
import { HubStatusResolver } from './health/hub-status.resolver.js';
import { KeysResolver } from './monitors/keys/keys.resolver.js';
import { LiveResolver } from './live/live.resolver.js';
import { MonitorsResolver } from './monitors/monitors.resolver.js';
import { RetentionResolver } from './monitors/retention/retention.resolver.js';
import { SharingResolver } from './monitors/sharing/sharing.resolver.js';
import { UserMonitorsResolver } from './monitors/sharing/user-monitors.resolver.js';
import { SeriesResolver } from './series/series.resolver.js';

const FILE = 'schema.graphql';
const HEADER = '# Made by `npm run schema` from the code. Do not edit: change the code and run it again.\n\n';

/** Writes schema.graphql, the contract of hub and page, without a database; with --check only compares. */
const app = await NestFactory.createApplicationContext(GraphQLSchemaBuilderModule, { logger: ['error'] });
const schema = await app
  .get(GraphQLSchemaFactory)
  .create(
    [
      AccessTokenResolver,
      AuditResolver,
      ViewerResolver,
      MonitorsResolver,
      KeysResolver,
      EnrolmentResolver,
      SeriesResolver,
      LiveResolver,
      ForwardingResolver,
      HubStatusResolver,
      SharingResolver,
      UserMonitorsResolver,
      RetentionResolver,
      UsersResolver,
      AccountResolver,
      SecondFactorResolver,
      OidcResolver,
    ],
    BUILD_SCHEMA_OPTIONS,
  );
const undeclared = findUndeclaredFields(schema);
const text = `${HEADER}${printSchema(lexicographicSortSchema(schema))}\n`;

if (undeclared.length > 0) {
  const names = undeclared.join(', ');
  process.stderr.write(`Say in FIELD_POLICIES (src/auth/access-policy.ts) whom this is for: ${names}.\n`);
  process.exitCode = 1;
} else if (!process.argv.includes('--check')) writeFileSync(FILE, text);
else if (readFileSync(FILE, 'utf8') !== text) {
  process.stderr.write(`${FILE} is not what the code says. Run "npm run schema" and commit it.\n`);
  process.exitCode = 1;
}
await app.close();
