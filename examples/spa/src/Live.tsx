import { useEffect, useState } from 'react';
import { useSubscription } from 'urql';
import { graphql } from './gql';
import type { AccessSubscription } from './gql/graphql';

const Access = graphql(`
  subscription Access {
    accessChanged {
      kind
      resourceId
      resource { ... on APIKey { id name viewerRole } }
    }
  }
`);

/** What an event makes doubtful: everything on the page that shows one of these is asked for again. */
const context = { additionalTypenames: ['APIKey', 'Invitation'] };

/** Listens to what becomes of the viewer's access and says it; the rest of the page follows by itself. */
export function Live({ onLost }: { onLost: (id: string) => void }) {
  const [{ data, error }] = useSubscription({ query: Access, context });
  const [news, setNews] = useState('');
  const change = data?.accessChanged;
  useEffect(() => {
    if (!change) return;
    if (change.kind !== 'RESYNC') setNews(sentence(change)); // that one only says: look at everything
    if (change.kind === 'LOST' && change.resourceId) onLost(change.resourceId);
  }, [change, onLost]);
  if (error) return <p role="alert">This page does not hear of changes any more: {error.message}</p>;
  return <p role="status">{news}</p>;
}

function sentence({ kind, resource }: AccessSubscription['accessChanged']): string {
  if (kind === 'LOST') return 'You lost your place on a key.';
  const key = resource && 'name' in resource ? resource : undefined;
  if (!key) return '';
  return `${key.name}: ${kind === 'GAINED' ? 'you are here as' : 'changed; you are'} ${key.viewerRole?.toLowerCase() ?? 'a reader'}.`;
}
