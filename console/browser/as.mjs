// People of the demo, as a program at a terminal signs them in.
import assert from 'node:assert/strict';

export async function person(site, login, password) {
  const cookies = [];
  const ask = async (query, variables = {}) => {
    const response = await fetch(`${site}/graphql`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Cookie: cookies.join('; ') },
      body: JSON.stringify({ query, variables }),
    });
    for (const cookie of response.headers.getSetCookie()) cookies.push(cookie.split(';')[0]);
    const answer = await response.json();
    assert.equal(answer.errors, undefined, JSON.stringify(answer));
    return answer.data;
  };
  await ask('mutation($l: String!, $p: String!) { signIn(input: {login: $l, password: $p}) { errors { message } } }', { l: login, p: password });
  return {
    ask,
    token: async () => (await ask('mutation { createAccessToken(input: {name: "a page"}) { plaintext } }')).createAccessToken.plaintext,
    createKey: async (name) => (await ask('mutation($n: String!) { createAPIKey(input: {name: $n}) { apiKey { id } } }', { n: name })).createAPIKey.apiKey.id,
    invite: (key, who, role) =>
      ask(`mutation($k: ID!, $e: [String!]!, $r: InvitableRole!, $c: String!) {
        inviteCollaborators(input: {apiKeyId: $k, emails: $e, role: $r, confirmEmail: $c}) { results { error { message } } } }`,
      { k: key, e: [`${who}@demo.example`], r: role, c: `${login}@demo.example` }),
  };
}
