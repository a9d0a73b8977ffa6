import { createClient } from 'graphql-sse';
import { cacheExchange, Client, fetchExchange, subscriptionExchange } from 'urql';

/** Speaks to a Keyhall on another origin: with a token that this page alone holds, and never with a cookie. */
export function connect(address: string, token: string): Client {
  const url = new URL('/graphql', address).href;
  const headers = { Authorization: `Bearer ${token}` };
  const events = createClient({ url, headers, credentials: 'omit', retryAttempts: 10, retry: pause });
  return new Client({
    url,
    exchanges: [
      cacheExchange,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe: (sink) => ({ unsubscribe: events.subscribe({ query: query ?? '', variables: variables ?? {} }, sink as never) }),
        }),
      }),
    ],
    preferGetMethod: false,
    fetchOptions: { credentials: 'omit', headers },
  });
}

/** Before a stream that broke is opened again: a second at first, half a minute at most, and not everybody at once. */
function pause(retries: number): Promise<void> {
  const seconds = Math.min(2 ** retries, 30);
  return new Promise((done) => setTimeout(done, seconds * 1000 * (0.5 + Math.random())));
}
