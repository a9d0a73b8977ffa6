import { step } from './step';
import addMembers from './story/add_members.graphql?raw';
import createGroup from './story/create_group.graphql?raw';
import createSecret from './story/create_secret.graphql?raw';
import createShareLink from './story/create_share_link.graphql?raw';
import disableSecrets from './story/disable_secrets.graphql?raw';
import enableSecrets from './story/enable_secrets.graphql?raw';
import exposure from './story/exposure.graphql?raw';
import grants from './story/grants.graphql?raw';
import groups from './story/groups.graphql?raw';
import newValue from './story/new_value.graphql?raw';
import openShareLink from './story/open_share_link.graphql?raw';
import organizations from './story/organizations.graphql?raw';
import previewMembers from './story/preview_members.graphql?raw';
import removeMember from './story/remove_member.graphql?raw';
import restoreVersion from './story/restore_version.graphql?raw';
import revealSecret from './story/reveal_secret.graphql?raw';
import revokeShareLink from './story/revoke_share_link.graphql?raw';
import search from './story/search.graphql?raw';
import listOfSecrets from './story/secrets.graphql?raw';
import shareLinks from './story/share_links.graphql?raw';
import shareSecrets from './story/share_secrets.graphql?raw';
import unshare from './story/unshare.graphql?raw';
import versions from './story/versions.graphql?raw';
import whoCanReveal from './story/who_can_reveal.graphql?raw';

/** The README's second story, one tab a step, and then what else can be done with a secret, a group and a link. */
export const secrets = [
  step(organizations),
  step(createSecret, {
    secret: { organizationId: 'org_...', name: 'Ledger', url: 'https://ledger.example.com', clientId: 'ledger-1', clientSecret: 'the first value' },
  }),
  step(createGroup, { organization: 'org_...', name: 'On call' }),
  step(search, { organization: 'org_...', text: 'dev' }),
  step(addMembers, { group: 'grp_...', members: [{ login: 'dev' }] }),
  step(shareSecrets, { secrets: ['sec_...'], grants: [{ grantee: { login: 'cleo' }, canEdit: true }, { grantee: { groupId: 'grp_...' } }] }),
  step(newValue, { secret: 'sec_...', value: 'the second value' }),
  step(listOfSecrets, { filter: { name: 'ledger', status: 'ENABLED', shared: true } }),
  step(revealSecret, { secret: 'sec_...', purpose: 'SHOW', reason: 'nightly run' }),
  step(grants, { secret: 'sec_...' }),
  step(whoCanReveal, { permission: 'secret.reveal', secret: 'sec_...' }),
  step(groups),
  step(previewMembers, { group: 'grp_...', people: [], logins: ['ben'] }),
  step(removeMember, { member: 'grm_...' }),
  step(disableSecrets, { secrets: ['sec_...'] }),
  step(enableSecrets, { secrets: ['sec_...'] }),
  step(versions, { secret: 'sec_...' }),
  step(restoreVersion, { version: 'scv_...' }),
  step(unshare, { secret: 'sec_...', grants: ['sgr_...'] }),
  step(createShareLink, { secret: 'sec_...', seconds: 3600, views: 1, passphrase: null, email: null }),
  step(openShareLink, { token: '', passphrase: null, code: null }),
  step(shareLinks, { secret: 'sec_...' }),
  step(revokeShareLink, { link: 'shl_...' }),
  step(exposure, { organization: 'org_...', person: 'usr_...', replaced: true }),
];
