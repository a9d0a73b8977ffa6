// The explorer once more: the third story, of projects with keys, limits and usage of their own, walked by those who are in it.
import assert from 'node:assert/strict';
import { env, withPage } from './page.mjs';
import { walker } from './walker.mjs';

const site = env('KEYHALL'), shots = env('SHOTS'), password = env('PASSWORD');

/** Asks as a gateway does, beside the page. */
const verify = async (verifier, key) => {
  const response = await fetch(`${site}/v1/verify`, { method: 'POST', headers: { Authorization: `Bearer ${verifier}` }, body: JSON.stringify({ key }) });
  return (await response.json()).code;
};
const settled = async (verifier, key, want) => { // what is acknowledged holds within a second
  let code = await verify(verifier, key);
  for (const end = Date.now() + 5000; code !== want && Date.now() < end;) code = await verify(verifier, key);
  assert.equal(code, want);
};

await withPage([site], async (page) => {
  const { account, as, turn, choose, run, execute, write, sees, kept } = walker(page, site, password);
  const picture = (name) => page.screenshot({ path: `${shots}/projects_${name}.png` });
  const values = [password]; // nothing of these is kept

  const found = async () => {
    const { organization } = (await run('CreateOrganization')).data.createOrganization;
    assert.equal(organization.viewerRole, 'OWNER');
    const { project } = (await run('CreateProject')).data.createProject;
    assert.deepEqual([project.viewerRole, project.environment], ['OWNER', 'STAGING']);
    const [invited] = (await run('InviteToOrganization')).data.inviteToOrganization.results;
    assert.match(invited.link, /\/invitations#khi_/); // the demo sends no mail
    values.push(invited.link.split('#')[1]);
    const { plaintext: verifier, verifierToken } = (await run('CreateVerifier')).data.createVerifierToken;
    values.push(verifier);
    await sees(verifierToken.start);
    assert.equal((await run('UpdateProject')).data.updateProject.project.unitPrice.amount, '0.25');
    assert.equal((await run('UpdateLimits')).data.updateLimits.limits.rates[0].requests, 2);
    await sees('windowSeconds');
    await picture('limits');
    return { organization: organization.id, project: project.id, verifier };
  };
  const join = async (place) => {
    assert.equal((await run('Projects')).data.projects.nodes.some((p) => p.id === place.project), false);
    assert.equal((await run('MyInvitations')).data.viewer.invitations.nodes[0].targetName, 'Shop');
    assert.equal((await run('Accept')).data.acceptInvitation.invitation.status, 'ACCEPTED');
    await choose('CreateProjectKey');
    await write({ project: place.project, name: 'Checkout' });
    const made = (await execute('CreateProjectKey')).data.createAPIKey;
    assert.deepEqual([made.errors, made.apiKey.owner.username], [[], 'dev']);
    values.push(made.plaintext, made.secret);
    for (const want of ['VALID', 'VALID', 'RATE_LIMITED']) assert.equal(await verify(place.verifier, made.plaintext), want);
    const seen = (await run('Projects')).data.projects.nodes.find((p) => p.id === place.project);
    assert.ok(seen.viewerRole === 'MEMBER' && seen.viewerCan.includes('project.create_api_key') && !seen.viewerCan.includes('project.edit'));
    await choose('Limits');
    await write({ project: place.project });
    const { rates, spend } = (await execute('Limits')).data.project.limits;
    assert.deepEqual([rates[0].binds, rates[0].used, spend.spent], [true, 2, null]);
    await sees('resetsAt');
    await picture('binds');
    return made;
  };
  const watch = async () => { // the page keeps the last key in mind
    await choose('WatchUsage');
    await page.getByRole('button', { name: /execute query/i }).click();
    await sees('requests');
    await page.getByRole('button', { name: /stop/i }).click();
  };
  const govern = async (place, key) => {
    await choose('Usage');
    await write({ project: place.project, window: 'LAST_15_MINUTES', by: 'OUTCOME' });
    assert.equal((await execute('Usage')).data.project.usage.window, undefined);
    await choose('UsageOfOrganization');
    await write({ organization: place.organization, window: 'LAST_24_HOURS' });
    assert.equal((await execute('UsageOfOrganization')).data.organization.billing.monthToDate.currency, 'USD');
    await choose('ProjectMembers');
    await write({ project: place.project, newest: 1 });
    assert.equal((await execute('ProjectMembers')).data.project.members.nodes[0].grantee.username, 'dev');
    assert.equal((await run('SetProjectRole')).data.updateProjectMember.member.role, 'OWNER');
    assert.deepEqual((await run('RemoveProjectMember')).data.removeProjectMember.errors, []);
    await settled(place.verifier, key, 'OWNER_LOST_ACCESS');
    assert.equal((await run('AddProjectMember')).data.addProjectMember.member.role, 'MEMBER');
    await settled(place.verifier, key, 'RATE_LIMITED');
  };
  const machines = async (place) => {
    assert.equal((await run('CreateServiceAccount')).data.createServiceAccount.serviceAccount.name, 'ci');
    assert.ok((await run('DisableServiceAccount')).data.disableServiceAccount.serviceAccount.disabledAt);
    assert.equal((await run('EnableServiceAccount')).data.enableServiceAccount.serviceAccount.disabledAt, null);
    const own = (await run('CreatePersonalKey')).data.createAPIKey;
    assert.ok(!own.apiKey.viewerCan.includes('api_key.invite') && own.apiKey.viewerCan.includes('api_key.move'));
    assert.match((await run('Invite')).data.inviteCollaborators.errors[0].message, /moveAPIKeyToProject/); // the way out of a personal key
    const moved = (await run('MoveKey')).data.moveAPIKeyToProject;
    assert.deepEqual([moved.errors, moved.apiKey.kind, moved.apiKey.replaces.status], [[], 'PROJECT', 'ROTATING']);
    values.push(own.plaintext, own.secret, moved.plaintext, moved.secret);
  };
  const part = async (place, key) => {
    const [dev] = (await run('OrganizationMembers')).data.organization.members.nodes;
    assert.equal(dev.user.username, 'dev');
    assert.equal((await run('SetOrganizationRole')).data.updateOrganizationMember.member.role, 'READER');
    const left = (await run('Offboarding')).data.offboardingPreview;
    assert.deepEqual([left.keysThatStop.map((k) => k.name), left.heirs.map((u) => u.username)], [['Checkout'], ['ada']]);
    await sees('keysThatStop');
    await picture('offboarding');
    assert.deepEqual((await run('RemoveOrganizationMember')).data.removeOrganizationMember.errors, []);
    await settled(place.verifier, key, 'OWNER_LOST_ACCESS');
    assert.deepEqual((await run('ArchiveProject')).data.archiveProject.errors, []);
    await settled(place.verifier, key, 'PROJECT_ARCHIVED');
    assert.equal((await run('UnarchiveProject')).data.unarchiveProject.project.archivedAt, null);
    assert.equal((await run('VerifierTokens')).data.project.verifierTokens.nodes[0].name, 'gateway');
    assert.match((await run('RevokeVerifier')).data.revokeVerifierToken.revokedId, /^vft_/);
    await settled(place.verifier, key, undefined);
  };
  const nothingStays = async () => {
    const before = await kept();
    await page.reload();
    await account.getByText('Signed in as ada').waitFor();
    const after = await kept();
    for (const text of [...values, 'prj_', 'khv_']) assert.ok(text && !(before + after).includes(text), `${text.slice(0, 4)}... is kept`);
    for (const tab of ['CreateProjectKey', 'CreateVerifier', 'MoveKey', 'InviteToOrganization']) {
      await choose(tab);
      await page.locator('.graphiql-query-editor').getByText(tab, { exact: true }).waitFor();
      for (const text of values) assert.ok(!(await page.content()).includes(text), `${tab} shows a value again`);
    }
  };

  await page.goto(`${site}/explorer`);
  await as('ada');
  await account.getByText('Signed in as ada').waitFor();
  const place = await found();
  await turn('dev');
  const made = await join(place);
  await watch();
  await turn('ada');
  await govern(place, made.plaintext);
  await machines(place);
  await part(place, made.plaintext);
  await nothingStays();
  await turn('dev');
  await choose('Limits');
  await write({ project: place.project });
  assert.equal((await execute('Limits')).errors[0].extensions.code, 'NOT_FOUND'); // out at once
});
console.log('the explorer walked the story of projects');
