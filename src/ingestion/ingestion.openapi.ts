import { INGESTION_PATH } from './ingestion.controller.js';

const count = { type: 'integer' as const };

/** Nest does not see the native route for reports: this describes it in OpenAPI. */
export const INGESTION_PATHS = {
  [INGESTION_PATH]: {
    post: {
      tags: ['ingestion'],
      summary:
        'Stores a report, or a batch as {"reports": […]}. Answers after the commit; sending again is harmless.',
      security: [{ reportKey: [] }],
      requestBody: {
        required: true,
        description: 'JSON, plain or gzip; 1 MiB on the wire, 8 MiB decoded.',
        content: { 'application/json': { schema: { type: 'object' as const } } },
      },
      responses: {
        200: {
          description: 'Committed.',
          content: {
            'application/json': {
              schema: {
                type: 'object' as const,
                properties: {
                  accepted: count,
                  duplicates: count,
                  live: count,
                  rejected: {
                    type: 'array' as const,
                    items: {
                      type: 'object' as const,
                      properties: {
                        index: count,
                        code: { type: 'string' as const },
                        path: { type: 'string' as const },
                      },
                    },
                  },
                  ignored: { type: 'array' as const, items: { type: 'string' as const } },
                  droppedValues: {
                    ...count,
                    description: 'Left out, as the monitor has too many series; absent where none were.',
                  },
                  now: count,
                  config: { type: 'object' as const },
                },
              },
            },
          },
        },
        401: { description: 'The key is missing or not valid.' },
        409: { description: 'The monitor is stopped; ask again after `Retry-After`.' },
        422: { description: 'No report was accepted; `rejected` says why.' },
        429: { description: 'This key sends too many requests; go on after `Retry-After`.' },
        503: {
          description:
            'Nothing was stored (`overloaded`, `storage_unavailable`, or `storage_full`: the disk of the hub is nearly full). Keep the reports and send them again after `Retry-After`.',
        },
      },
    },
  },
};
