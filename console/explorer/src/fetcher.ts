import type { Fetcher, FetcherParams } from '@graphiql/toolkit';
import { getOperationAST, Kind, OperationTypeNode, parse } from 'graphql';
import { createClient } from 'graphql-sse';
import { Ids } from './ids';
import { endpoint } from './session';

/** Sends GraphiQL's operations to this origin, and to no other. `changed` hears of each answer that may have signed somebody in or out. */
export function fetcher(changed: () => void): Fetcher {
  const ids = new Ids();
  return async (params: FetcherParams, options) => {
    const { variables, unknown } = ids.fill(params.variables);
    if (unknown.length > 0) return { errors: [{ message: missing(unknown) }] } as never;
    const headers = new Headers(options?.headers as Record<string, string> | undefined);
    const bearer = headers.has('Authorization');
    headers.set('Content-Type', 'application/json');
    headers.set('Accept', 'application/graphql-response+json');
    const credentials = bearer ? 'omit' : 'same-origin';
    const request = { query: params.query, operationName: operation(params), variables };
    if (isSubscription(request)) return events(request, headers, credentials, ids);
    const response = await fetch(endpoint, { method: 'POST', credentials, headers, body: JSON.stringify(request) });
    const answer: unknown = await response.json();
    if (params.operationName !== 'IntrospectionQuery') ids.see(answer);
    if (/\bsign(In|Up|Out)\b/.test(params.query)) changed();
    return answer as never;
  };
}

type Request = { query: string; operationName: string | undefined; variables: unknown };

/** Passes the events of a subscription on, until whoever listens stops. A stream that breaks is not opened again: it says so. */
async function* events(request: Request, headers: Headers, credentials: 'omit' | 'same-origin', ids: Ids) {
  const client = createClient({ url: endpoint, credentials, headers: Object.fromEntries(headers), retryAttempts: 0 });
  try {
    for await (const answer of client.iterate(request as never)) {
      ids.see(answer);
      yield answer as never;
    }
  } finally {
    client.dispose();
  }
}

function isSubscription({ query, operationName }: Request): boolean {
  try {
    return getOperationAST(parse(query), operationName)?.operation === OperationTypeNode.SUBSCRIPTION;
  } catch {
    return false; // the server says what is wrong with it
  }
}

/** The only operation, whatever GraphiQL says: just after a change of tabs it still names that of the other one. */
function operation({ query, operationName }: FetcherParams): string | undefined {
  try {
    const all = parse(query).definitions.filter((d) => d.kind === Kind.OPERATION_DEFINITION);
    return all.length === 1 ? all[0]?.name?.value : (operationName ?? undefined);
  } catch {
    return undefined; // the server says what is wrong with it
  }
}

function missing(placeholders: string[]): string {
  return `${placeholders.join(', ')} stands for the last id of its kind in an answer, and there was none yet: run the tab that finds it, or write the id.`;
}
