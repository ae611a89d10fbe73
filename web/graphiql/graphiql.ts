import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './graphiql.css';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createClient } from 'graphql-ws';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';

const FIRST_QUERY = `# Everything the dashboard shows comes from here.
query Monitors {
  monitors {
    id
    name
    health
    latest {
      at
      metrics
      values
    }
  }
}

# Live values come by subscription. Put this in place of the query to watch monitors change:
#
# subscription Status { monitorStatusChanged { name health } }
`;

const endpoint = new URL('../graphql', location.href);
const socket = new URL(endpoint);
socket.protocol = socket.protocol === 'https:' ? 'wss:' : 'ws:';

const fetcher = createGraphiQLFetcher({
  url: endpoint.href,
  wsClient: createClient({ url: socket.href }),
});

createRoot(document.getElementById('graphiql')!).render(
  createElement(
    GraphiQL,
    { fetcher, defaultQuery: FIRST_QUERY },
    createElement(GraphiQL.Logo, null, createElement('a', { href: '../' }, 'Back to Watchkeeper')),
  ),
);
