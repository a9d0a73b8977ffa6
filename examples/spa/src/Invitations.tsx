import { useMutation, useQuery } from 'urql';
import { graphql } from './gql';

const MyInvitations = graphql(`
  query MyInvitations {
    viewer {
      user { name }
      invitations(last: 20) {
        nodes { id targetName role status invitedBy { name } }
      }
    }
  }
`);

const Accept = graphql(`
  mutation Accept($id: ID!) {
    acceptInvitation(input: { invitationId: $id }) {
      invitation { id status target { ... on APIKey { id } } }
      errors { message }
    }
  }
`);

export function Invitations() {
  const [{ data, error }] = useQuery({ query: MyInvitations });
  const [accepted, accept] = useMutation(Accept);
  if (error) return <p role="alert">{error.message}</p>;
  const open = data?.viewer?.invitations.nodes.filter((i) => i.status === 'PENDING') ?? [];
  const refusal = accepted.error?.message ?? accepted.data?.acceptInvitation.errors[0]?.message;
  return (
    <section aria-label="Invitations">
      <h1>{data?.viewer?.user.name}</h1>
      {open.map((i) => (
        <p key={i.id}>
          {i.invitedBy?.name ?? 'Somebody'} offers you a place on <strong>{i.targetName}</strong> as {i.role.toLowerCase()}.{' '}
          <button type="button" onClick={() => void accept({ id: i.id })}>
            Accept
          </button>
        </p>
      ))}
      {refusal && <p role="alert">{refusal}</p>}
    </section>
  );
}
