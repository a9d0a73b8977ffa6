import { step } from './step';
import accept from './story/accept.graphql?raw';
import acceptLink from './story/accept_link.graphql?raw';
import audit from './story/audit.graphql?raw';
import auditOfKey from './story/audit_of_key.graphql?raw';
import collaborators from './story/collaborators.graphql?raw';
import createKey from './story/create_key.graphql?raw';
import explain from './story/explain.graphql?raw';
import invitations from './story/invitations.graphql?raw';
import invite from './story/invite.graphql?raw';
import listOfKeys from './story/keys.graphql?raw';
import listen from './story/listen.graphql?raw';
import markExposed from './story/mark_exposed.graphql?raw';
import once from './story/once.graphql?raw';
import openLink from './story/open_link.graphql?raw';
import remove from './story/remove.graphql?raw';
import rename from './story/rename.graphql?raw';
import requestReset from './story/request_reset.graphql?raw';
import resend from './story/resend.graphql?raw';
import resetPassword from './story/reset_password.graphql?raw';
import reveal from './story/reveal.graphql?raw';
import roles from './story/roles.graphql?raw';
import rotate from './story/rotate.graphql?raw';
import security from './story/security.graphql?raw';
import setRole from './story/set_role.graphql?raw';
import signIn from './story/sign_in.graphql?raw';
import whoCan from './story/who_can.graphql?raw';

/** The README's first story, one tab a step, and then what else can be done with a shared key. */
export const keys = [
  step(signIn, { login: 'ada', password: 'correct-horse-battery' }),
  step(createKey, { name: 'Payments' }),
  step(invite, { key: 'key_...', emails: ['ben@demo.example'], role: 'ADMIN', confirm: 'ada@demo.example' }),
  step(invitations),
  step(accept, { invitation: 'inv_...' }),
  step(listOfKeys),
  step(rename, { key: 'key_...', name: 'Payouts' }),
  step(reveal, { key: 'key_...', reason: 'deploy' }),
  step(collaborators, { key: 'key_...' }),
  step(remove, { place: 'col_...' }),
  step(audit, { organization: 'org_...' }),
  step(openLink, { token: '' }),
  step(acceptLink, { token: '' }),
  step(resend, { invitation: 'inv_...' }),
  step(setRole, { place: 'col_...', role: 'CONTRIBUTOR' }),
  step(listen),
  step(security, { key: 'key_...', requireSecret: true, addresses: ['203.0.113.0/24'], origins: ['https://*.example.com'] }),
  step(rotate, { key: 'key_...', overlap: 3600, reason: 'quarterly' }),
  step(markExposed, { key: 'key_...', reason: 'it was in a public log' }),
  step(explain, { permission: 'api_key.rename', key: 'key_...', subject: null }),
  step(whoCan, { permission: 'api_key.rename', key: 'key_...' }),
  step(roles),
  step(auditOfKey, { organization: 'org_...', types: ['api_key.updated'], resources: ['key_...'], outcome: 'DONE', from: null }),
  step(once, { name: 'Once' }, { 'Idempotency-Key': 'a text of your own' }),
  step(requestReset, { email: 'ada@demo.example' }),
  step(resetPassword, { token: '', password: '' }),
];
