import { useQuery } from 'urql';
import { graphql } from './gql';

const SharedWithMe = graphql(`
  query SharedWithMe {
    apiKeys(first: 30, filter: { ownership: SHARED_WITH_ME }) {
      nodes { id name start viewerRole }
    }
  }
`);

/** An empty list is news too when somebody accepts an invitation. */
const context = { additionalTypenames: ['APIKey'] };

export function Keys({ onOpen }: { onOpen: (id: string) => void }) {
  const [{ data, error, fetching }] = useQuery({ query: SharedWithMe, context });
  if (error) return <p role="alert">{error.message}</p>;
  const keys = data?.apiKeys.nodes ?? [];
  return (
    <section aria-label="Keys">
      <h2>Keys shared with me</h2>
      {!fetching && keys.length === 0 && <p>None yet.</p>}
      <ul>
        {keys.map((k) => (
          <li key={k.id}>
            <button type="button" onClick={() => onOpen(k.id)}>
              {k.name}
            </button>{' '}
            <code>{k.start}</code> {k.viewerRole?.toLowerCase()}
          </li>
        ))}
      </ul>
    </section>
  );
}
