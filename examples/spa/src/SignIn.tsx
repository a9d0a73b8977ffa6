import { type FormEvent, useState } from 'react';
import type { Client } from 'urql';
import { connect } from './client';
import { graphql } from './gql';

const Whoami = graphql(`
  query Whoami {
    viewer { user { username } }
  }
`);

export function SignIn({ onSignIn }: { onSignIn: (client: Client) => void }) {
  const [refusal, setRefusal] = useState('');
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const client = connect(String(form.get('address')), String(form.get('token')));
    const { data, error } = await client.query(Whoami, {});
    if (data?.viewer) onSignIn(client);
    else setRefusal(error?.message ?? 'nobody is signed in');
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <h1>Keys shared with me</h1>
      <label>
        Keyhall <input name="address" type="url" defaultValue="http://127.0.0.1:8080" required />
      </label>
      <label>
        Access token <input name="token" type="password" placeholder="kht_..." autoComplete="off" required />
      </label>
      <button type="submit">Sign in</button>
      {refusal && <p role="alert">{refusal}</p>}
    </form>
  );
}
