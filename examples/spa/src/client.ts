import { cacheExchange, Client, fetchExchange } from 'urql';

/** Speaks to a Keyhall on another origin: with a token that this page alone holds, and never with a cookie. */
export function connect(address: string, token: string): Client {
  return new Client({
    url: new URL('/graphql', address).href,
    exchanges: [cacheExchange, fetchExchange],
    preferGetMethod: false,
    fetchOptions: { credentials: 'omit', headers: { Authorization: `Bearer ${token}` } },
  });
}
