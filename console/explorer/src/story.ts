import accept from './story/accept.graphql?raw';
import audit from './story/audit.graphql?raw';
import collaborators from './story/collaborators.graphql?raw';
import createKey from './story/create_key.graphql?raw';
import invitations from './story/invitations.graphql?raw';
import invite from './story/invite.graphql?raw';
import keys from './story/keys.graphql?raw';
import remove from './story/remove.graphql?raw';
import rename from './story/rename.graphql?raw';
import reveal from './story/reveal.graphql?raw';
import signIn from './story/sign_in.graphql?raw';

/** The README's story, one tab a step. */
export const story = [
  step(signIn, { login: 'ada', password: 'correct-horse-battery' }),
  step(createKey, { name: 'Payments' }),
  step(invite, { key: 'key_...', emails: ['ben@demo.example'], role: 'ADMIN', confirm: 'ada@demo.example' }),
  step(invitations),
  step(accept, { invitation: 'inv_...' }),
  step(keys),
  step(rename, { key: 'key_...', name: 'Payouts' }),
  step(reveal, { key: 'key_...', reason: 'deploy' }),
  step(collaborators, { key: 'key_...' }),
  step(remove, { place: 'col_...' }),
  step(audit, { organization: 'org_...' }),
];

function step(query: string, variables: Record<string, unknown> = {}) {
  return { query: query.trimEnd(), variables: JSON.stringify(variables, null, 2), headers: '' };
}
