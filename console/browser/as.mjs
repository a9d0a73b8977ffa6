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
  const place = async (key, username) => {
    const { apiKey } = await ask('query($k: ID!) { apiKey(id: $k) { collaborators { nodes { id user { username } } } } }', { k: key });
    return apiKey.collaborators.nodes.find((c) => c.user?.username === username)?.id;
  };
  const invite = async (key, who, role) =>
    (await ask(`mutation($k: ID!, $e: [String!]!, $r: InvitableRole!, $c: String!) {
      inviteCollaborators(input: {apiKeyId: $k, emails: $e, role: $r, confirmEmail: $c}) { results { invitation { id } error { message } } } }`,
    { k: key, e: [`${who}@demo.example`], r: role, c: `${login}@demo.example` })).inviteCollaborators.results[0].invitation?.id;
  return {
    ask,
    login,
    token: async () => (await ask('mutation { createAccessToken(input: {name: "a page"}) { plaintext } }')).createAccessToken.plaintext,
    createKey: async (name) => (await ask('mutation($n: String!) { createAPIKey(input: {name: $n}) { apiKey { id } } }', { n: name })).createAPIKey.apiKey.id,
    invite,
    /** Invites somebody and has them accept. */
    share: async (key, who, role) => {
      const id = await invite(key, who.login, role);
      await who.ask('mutation($i: ID!) { acceptInvitation(input: {invitationId: $i}) { errors { message } } }', { i: id });
    },
    placeOf: place,
    setRole: (id, role) =>
      ask('mutation($i: ID!, $r: InvitableRole!) { updateCollaboratorRole(input: {collaboratorId: $i, role: $r}) { errors { message } } }', { i: id, r: role }),
    remove: (id) => ask('mutation($i: ID!) { removeCollaborator(input: {collaboratorId: $i}) { errors { message } } }', { i: id }),
    revokeTokens: async () => {
      for (const { id } of (await ask('{ viewer { accessTokens { nodes { id } } } }')).viewer.accessTokens.nodes) {
        await ask('mutation($i: ID!) { revokeAccessToken(input: {id: $i}) { errors { message } } }', { i: id });
      }
    },
  };
}
