/** Whoever the session cookie stands for. */
export type Person = { username: string };

type Refusal = { message: string };
type Answer = {
  data?: { viewer?: { user: Person } | null; signIn?: { errors: Refusal[] }; signOut?: { errors: Refusal[] } } | null;
  errors?: Refusal[];
};

export const endpoint = '/graphql';

async function ask(query: string, variables?: Record<string, string>): Promise<Answer> {
  const response = await fetch(endpoint, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as Answer;
}

export async function whoIsSignedIn(): Promise<Person | null> {
  const answer = await ask('query WhoIsSignedIn { viewer { user { username } } }');
  return answer.data?.viewer?.user ?? null;
}

/** Signs in and returns why that was refused, or nothing. */
export async function signIn(login: string, password: string): Promise<string> {
  const answer = await ask(
    'mutation SignIn($login: String!, $password: String!) { signIn(input: { login: $login, password: $password }) { errors { message } } }',
    { login, password },
  );
  return (answer.errors ?? answer.data?.signIn?.errors ?? [])[0]?.message ?? '';
}

export async function signOut(): Promise<void> {
  await ask('mutation SignOut { signOut { errors { message } } }');
}
