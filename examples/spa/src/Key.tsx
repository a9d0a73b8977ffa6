import type { FormEvent } from 'react';
import { useMutation, useQuery } from 'urql';
import { graphql } from './gql';

const OneKey = graphql(`
  query OneKey($id: ID!) {
    apiKey(id: $id) { id name viewerRole viewerCan }
  }
`);

const Rename = graphql(`
  mutation Rename($id: ID!, $name: String!) {
    updateAPIKey(input: { id: $id, name: $name }) {
      apiKey { id name }
      errors { message }
    }
  }
`);

/** One key with what the viewer may do: a control is there when the policy says so, and nothing here decides it. */
export function Key({ id }: { id: string }) {
  const [{ data, error }] = useQuery({ query: OneKey, variables: { id } });
  const [renamed, rename] = useMutation(Rename);
  if (error) return <p role="alert">{error.message}</p>;
  const key = data?.apiKey;
  if (!key) return null;
  const refusal = renamed.error?.message ?? renamed.data?.updateAPIKey.errors[0]?.message;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void rename({ id, name: String(new FormData(event.currentTarget).get('name')) });
  };
  return (
    <section aria-label="Key">
      <h2>{key.name}</h2>
      {key.viewerCan.includes('api_key.rename') && (
        <form onSubmit={submit}>
          <input name="name" aria-label="New name" defaultValue={key.name} required /> <button type="submit">Rename</button>
        </form>
      )}
      {refusal && <p role="alert">{refusal}</p>}
      <p>As {key.viewerRole?.toLowerCase()} you can:</p>
      <ul aria-label="Permissions">
        {key.viewerCan.map((p) => (
          <li key={p}>{p}</li>
        ))}
      </ul>
    </section>
  );
}
