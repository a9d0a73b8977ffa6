// The explorer, as a visitor of the demo uses it: signs in, walks the saved story, reads the docs.
import assert from 'node:assert/strict';
import { person } from './as.mjs';
import { env, withPage } from './page.mjs';
import { walker } from './walker.mjs';

const site = env('KEYHALL'), shots = env('SHOTS'), password = env('PASSWORD');

await withPage([site], async (page, { requests }) => {
  await page.goto(`${site}/explorer`);
  const { account, as, signOut, run, execute, kept } = walker(page, site, password);

  await as('ada', 'a wrong password');
  await account.getByRole('alert').waitFor();
  await as('ada');
  await account.getByText('Signed in as ada').waitFor();

  const created = await run('CreateKey');
  const key = created.data.createAPIKey.apiKey.id;
  assert.match(key, /^key_/);
  await page.locator('.result-window').getByText(key).waitFor(); // the reader sees the answer too
  const invited = await run('Invite');
  assert.equal(invited.data.inviteCollaborators.results[0].invitation.status, 'PENDING');
  await signOut();

  await as('ben');
  await account.getByText('Signed in as ben').waitFor();
  const mine = await run('MyInvitations');
  assert.equal(mine.data.viewer.invitations.nodes[0].targetName, 'Payments');
  assert.equal((await run('Accept')).data.acceptInvitation.invitation.status, 'ACCEPTED');
  const seen = (await run('Keys')).data.apiKeys.nodes[0];
  assert.equal(seen.id, key);
  assert.equal(seen.viewerRole, 'ADMIN');
  assert.ok(seen.viewerCan.includes('api_key.rename') && !seen.viewerCan.includes('api_key.delete'));
  await page.locator('.result-window').getByText('api_key.rename').waitFor();
  await page.screenshot({ path: `${shots}/story.png` });
  assert.equal((await run('Rename')).data.updateAPIKey.apiKey.name, 'Payouts');
  assert.equal((await run('Reveal')).data.revealAPIKeySecret.secret, created.data.createAPIKey.secret);
  await signOut();

  const again = await run('SignIn'); // the first tab does the same as the form
  assert.equal(again.data.signIn.viewer.user.username, 'ada');
  await account.getByText('Signed in as ada').waitFor();
  assert.equal((await run('Collaborators')).data.apiKey.collaborators.nodes[0].user.username, 'ben');
  assert.equal((await run('Remove')).data.removeCollaborator.errors.length, 0);
  const events = (await run('Audit')).data.auditEvents.nodes.map((e) => e.type);
  for (const type of ['collaborator.removed', 'api_key.secret.revealed', 'api_key.created']) assert.ok(events.includes(type), `${type} in ${events}`);

  // Beyond the story: what else can be done with a shared key.
  assert.equal((await run('Invite')).data.inviteCollaborators.results[0].invitation.status, 'PENDING');
  assert.equal((await run('Resend')).data.resendInvitation.invitation.resendCount, 1);
  const settings = (await run('Security')).data.updateSecuritySettings.apiKey.securitySettings;
  assert.deepEqual([settings.requireSecret, settings.addresses], [true, ['203.0.113.0/24']]);
  const decision = (await run('Explain')).data.explain;
  assert.ok(decision.allow && decision.trace.length > 0, JSON.stringify(decision));
  assert.ok((await run('WhoCan')).data.whoCan.nodes.some((n) => n.principal.username === 'ada' && n.paths.includes('owner of the key')));
  assert.ok((await run('Roles')).data.roles.some((r) => r.scope === 'api_key' && r.name === 'CONTRIBUTOR'));
  assert.deepEqual((await run('AuditOfKey')).data.auditEvents.nodes.map((e) => [e.type, e.resourceId]), [['api_key.updated', key]]);
  const rotated = (await run('Rotate')).data.rotateAPIKey;
  assert.deepEqual([rotated.apiKey.replaces.id, rotated.apiKey.replaces.status], [key, 'ROTATING']);
  assert.equal((await run('MarkExposed')).data.markAPIKeyExposed.apiKey.replaces.status, 'REVOKED');
  const once = (await run('Once')).data.createAPIKey, twice = (await execute('Once')).data.createAPIKey;
  assert.deepEqual([twice.apiKey.id, twice.plaintext, twice.errors[0].code], [once.apiKey.id, null, 'ALREADY_DELIVERED']);
  assert.match((await run('RequestReset')).errors[0].message, /sends no mail/); // as the demo does not
  await page.getByRole('tab', { name: 'Listen', exact: true }).click();
  await page.getByRole('button', { name: /execute query/i }).click();
  await page.locator('.result-window').getByText('RESYNC').waitFor();
  const heard = await (await person(site, 'ada', password)).createKey('Heard');
  await page.locator('.result-window').getByText(heard).first().waitFor();
  await page.screenshot({ path: `${shots}/listen.png` });
  await page.getByRole('button', { name: /stop/i }).click();

  await page.getByRole('button', { name: /show documentation explorer/i }).click();
  await page.getByRole('button', { name: /search/i }).first().click().catch(() => {});
  await page.getByRole('combobox').fill('updateAPIKey');
  await page.getByRole('option', { name: /updateAPIKey/ }).first().click();
  await page.getByText('Needs api_key.rename.').first().waitFor();
  await page.screenshot({ path: `${shots}/docs.png` });

  // Nothing that was typed or answered outlives the page.
  const left = await kept();
  for (const text of [password, 'key_', created.data.createAPIKey.secret]) assert.ok(!left.includes(text), `${text} is kept in ${left}`);
  assert.ok(requests.some((url) => url.includes('worker')), 'the editor started no worker');
});
console.log('the explorer walked the story');
