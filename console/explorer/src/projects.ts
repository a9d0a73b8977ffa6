import { step } from './step';
import addProjectMember from './story/add_project_member.graphql?raw';
import archiveProject from './story/archive_project.graphql?raw';
import createOrganization from './story/create_organization.graphql?raw';
import createPersonalKey from './story/create_personal_key.graphql?raw';
import createProject from './story/create_project.graphql?raw';
import createProjectKey from './story/create_project_key.graphql?raw';
import createServiceAccount from './story/create_service_account.graphql?raw';
import createVerifier from './story/create_verifier.graphql?raw';
import disableServiceAccount from './story/disable_service_account.graphql?raw';
import enableServiceAccount from './story/enable_service_account.graphql?raw';
import inviteToOrganization from './story/invite_to_organization.graphql?raw';
import standing from './story/limits.graphql?raw';
import moveKey from './story/move_key.graphql?raw';
import offboarding from './story/offboarding.graphql?raw';
import organizationMembers from './story/organization_members.graphql?raw';
import projectMembers from './story/project_members.graphql?raw';
import listOfProjects from './story/projects.graphql?raw';
import removeOrganizationMember from './story/remove_organization_member.graphql?raw';
import removeProjectMember from './story/remove_project_member.graphql?raw';
import revokeVerifier from './story/revoke_verifier.graphql?raw';
import setOrganizationRole from './story/set_organization_role.graphql?raw';
import setProjectRole from './story/set_project_role.graphql?raw';
import unarchiveProject from './story/unarchive_project.graphql?raw';
import updateLimits from './story/update_limits.graphql?raw';
import updateProject from './story/update_project.graphql?raw';
import usageOfProject from './story/usage.graphql?raw';
import usageOfOrganization from './story/usage_of_organization.graphql?raw';
import verifierTokens from './story/verifier_tokens.graphql?raw';
import watchUsage from './story/watch_usage.graphql?raw';

/** The README's third story, one tab a step, and then what else can be done in an organization and its projects. */
export const projects = [
  step(createOrganization, { name: 'Shop', slug: 'shop' }),
  step(createProject, { organization: 'org_...', name: 'Rehearsal', environment: 'STAGING' }),
  step(inviteToOrganization, {
    organization: 'org_...',
    emails: ['dev@demo.example'],
    role: 'READER',
    projects: [{ projectId: 'prj_...', role: 'MEMBER' }],
  }),
  step(listOfProjects),
  step(createProjectKey, { project: 'prj_...', name: 'Checkout', service: null }),
  step(createVerifier, { project: 'prj_...', name: 'gateway' }),
  step(updateProject, { project: { id: 'prj_...', unitPrice: { amount: '0.25', currency: 'USD' }, alertEmail: 'team@demo.example' } }),
  step(updateLimits, {
    limits: {
      targetId: 'prj_...',
      rates: [{ requests: 2, windowSeconds: 60 }],
      spend: { amount: '100', currency: 'USD' },
      alerts: [{ percent: 80, emails: ['team@demo.example'] }],
    },
  }),
  step(standing, { project: 'prj_...' }),
  step(usageOfProject, { project: 'prj_...', window: 'LAST_15_MINUTES', by: 'OUTCOME' }),
  step(usageOfOrganization, { organization: 'org_...', window: 'LAST_24_HOURS' }),
  step(watchUsage, { key: 'key_...' }),
  step(projectMembers, { project: 'prj_...', newest: 1 }),
  step(setProjectRole, { place: 'prm_...', role: 'OWNER' }),
  step(removeProjectMember, { place: 'prm_...' }),
  step(addProjectMember, { project: 'prj_...', grantee: { login: 'dev' }, role: 'MEMBER' }),
  step(createServiceAccount, { project: 'prj_...', name: 'ci' }),
  step(disableServiceAccount, { service: 'sva_...' }),
  step(enableServiceAccount, { service: 'sva_...' }),
  step(createPersonalKey, { name: 'Mine' }),
  step(moveKey, { key: 'key_...', project: 'prj_...', overlap: 3600 }),
  step(organizationMembers, { organization: 'org_...', newest: 1 }),
  step(setOrganizationRole, { place: 'orm_...', role: 'READER' }),
  step(offboarding, { organization: 'org_...', person: 'usr_...' }),
  step(removeOrganizationMember, { place: 'orm_...' }),
  step(verifierTokens, { project: 'prj_...' }),
  step(revokeVerifier, { token: 'vft_...' }),
  step(archiveProject, { project: 'prj_...', confirm: null }),
  step(unarchiveProject, { project: 'prj_...' }),
];
