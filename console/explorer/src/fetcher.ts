import type { Fetcher, FetcherParams } from '@graphiql/toolkit';
import { Kind, parse } from 'graphql';
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
    const response = await fetch(endpoint, {
      method: 'POST',
      credentials: bearer ? 'omit' : 'same-origin',
      headers,
      body: JSON.stringify({ query: params.query, operationName: operation(params), variables }),
    });
    const answer: unknown = await response.json();
    if (params.operationName !== 'IntrospectionQuery') ids.see(answer);
    if (/\bsign(In|Up|Out)\b/.test(params.query)) changed();
    return answer as never;
  };
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
