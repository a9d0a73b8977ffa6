// The explorer again: the second story, of a secret for people and a group, walked by those who are in it.
import assert from 'node:assert/strict';
import { env, withPage } from './page.mjs';
import { walker } from './walker.mjs';

const site = env('KEYHALL'), shots = env('SHOTS'), password = env('PASSWORD');
const value = `typed-${crypto.randomUUID()}`; // stands in no saved query, so wherever it is found it was kept

await withPage([site], async (page) => {
  const { account, as, turn, choose, run, execute, write, sees, kept } = walker(page, site, password);
  const picture = (name) => page.screenshot({ path: `${shots}/secrets_${name}.png` });

  const share = async () => {
    await run('Organizations');
    const made = (await run('CreateSecret')).data.createSecret;
    assert.deepEqual([made.errors, made.secret.version, made.secret.shared], [[], 1, false]);
    assert.deepEqual((await run('CreateGroup')).data.createGroup.errors, []);
    assert.deepEqual((await run('Search')).data.searchPrincipals.map((p) => p.username), ['dev']);
    assert.equal((await run('AddMembers')).data.addGroupMembers.group.members.nodes[0].user.username, 'dev');
    const shared = (await run('ShareSecrets')).data.shareSecrets;
    assert.deepEqual([shared.errors, shared.secrets[0].shared], [[], true]);
    await sees('Ledger');
    await picture('share');
    return made.secret.id;
  };
  const edit = async (id) => {
    await choose('NewValue');
    await write({ secret: id, value });
    assert.equal((await execute('NewValue')).data.updateSecret.secret.version, 2);
  };
  const reveal = async (id) => {
    const seen = (await run('Secrets')).data.secrets.nodes;
    assert.deepEqual(seen.map((s) => [s.id, s.owner.username, s.version]), [[id, 'ada', 2]]);
    assert.ok(seen[0].viewerCan.includes('secret.reveal') && !seen[0].viewerCan.includes('secret.disable'));
    await sees('Ledger');
    await picture('list');
    assert.equal((await run('DisableSecrets')).errors[0].extensions.code, 'FORBIDDEN');
    const shown = (await run('RevealSecret')).data.revealSecret;
    assert.deepEqual([shown.clientSecret, shown.version, shown.errors], [value, 2, []]);
    await sees(value);
    await picture('reveal');
  };
  // Nothing outlives the page: not while the value is seen, and not once it is loaded again, by the same person.
  const reload = async () => {
    const before = await kept();
    await page.reload();
    await account.getByText('Signed in as dev').waitFor();
    const after = await kept();
    for (const text of [value, password, 'sec_']) assert.ok(!(before + after).includes(text), `${text} is kept in ${before}, ${after}`);
    for (const tab of ['NewValue', 'RevealSecret']) {
      await choose(tab);
      await page.locator('.graphiql-query-editor').getByText(tab, { exact: true }).waitFor();
      assert.ok(!(await page.content()).includes(value), `${tab} shows the value again`);
    }
    await picture('reload');
  };
  const look = async (id) => {
    await run('Organizations'); // the page forgot all ids
    assert.equal((await run('Secrets')).data.secrets.nodes[0].id, id);
    assert.deepEqual((await run('Grants')).data.secret.grants.nodes.map((g) => [g.grantee.username ?? g.grantee.name, g.canEdit]), [['cleo', true], ['On call', false]]);
    const can = (await run('WhoCanReveal')).data.whoCan.nodes.map((n) => [n.principal.username, n.paths[0]]);
    assert.deepEqual(can, [['ada', 'owner of the secret'], ['cleo', 'can edit'], ['dev', 'can view']]);
    await sees('owner of the secret');
    await picture('who');
    assert.equal((await run('Groups')).data.groups.nodes[0].members.nodes[0].user.username, 'dev');
    const { gains } = (await run('PreviewMembers')).data.previewGroupChange;
    assert.deepEqual(gains.map((g) => [g.principal.username, g.resource.id]), [['ben', id]]);
    assert.deepEqual((await run('RemoveMember')).data.removeGroupMember.errors, []);
  };
  const govern = async () => {
    assert.equal((await run('DisableSecrets')).data.disableSecrets.secrets[0].status, 'DISABLED');
    assert.equal((await run('EnableSecrets')).data.enableSecrets.secrets[0].status, 'ENABLED');
    assert.deepEqual((await run('Versions')).data.secret.versions.nodes.map((v) => [v.number, v.current]), [[2, true], [1, false]]);
    assert.equal((await run('RestoreVersion')).data.restoreSecretVersion.secret.version, 3);
    assert.equal((await run('RevealSecret')).data.revealSecret.clientSecret, 'the first value');
    assert.deepEqual((await run('Unshare')).data.unshareSecret.errors, []);
    await run('Search'); // finds dev, and so whose report it is
    const [seen] = (await run('Exposure')).data.exposureReport.nodes;
    assert.deepEqual([seen.name, seen.rotatedSince], ['Ledger', true]);
  };
  const handOut = async () => {
    const { url, errors } = (await run('CreateShareLink')).data.createShareLink;
    assert.deepEqual(errors, []);
    await choose('OpenShareLink');
    await write({ token: url.split('#')[1] });
    const opened = (await execute('OpenShareLink')).data.openShareLink;
    assert.deepEqual([opened.clientSecret, opened.viewsLeft], ['the first value', 0]);
    assert.deepEqual((await execute('OpenShareLink')).data.openShareLink.errors.map((e) => e.code), ['INVALID']); // it was for once
    assert.equal((await run('ShareLinks')).data.secret.shareLinks.nodes[0].status, 'EXHAUSTED');
    assert.deepEqual((await run('RevokeShareLink')).data.revokeShareLink.errors, []);
    await sees('EXHAUSTED');
    await picture('links');
  };

  await page.goto(`${site}/explorer`);
  await as('ada');
  await account.getByText('Signed in as ada').waitFor();
  const id = await share();
  await turn('cleo');
  await edit(id);
  await turn('dev');
  await reveal(id);
  await reload();
  await turn('ada');
  await look(id);
  await turn('dev');
  assert.equal((await run('RevealSecret')).errors[0].extensions.code, 'NOT_FOUND'); // out at once
  await turn('ada');
  await govern();
  await handOut();
});
console.log('the explorer walked the story of secrets');
