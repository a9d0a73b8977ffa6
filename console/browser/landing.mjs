// The pages that links lead to, as people use them who got a mail: with the keyboard where it matters.
import assert from 'node:assert/strict';
import { person } from './as.mjs';
import { env, withPage } from './page.mjs';

const site = env('KEYHALL'), shots = env('SHOTS'), password = env('PASSWORD'), mailbox = env('MAILBOX');

/** The link of the nth letter of a kind to an address, once it has come. */
async function mailed(to, kind, n = 1) {
  for (const late = Date.now() + 60_000; Date.now() < late; await new Promise(setImmediate)) {
    const letter = await fetch(`${mailbox}/?${new URLSearchParams({ to, kind, n })}`);
    if (letter.ok) return letter.text();
  }
  assert.fail(`no ${kind} ${n} to ${to}`);
}

/** The code in a letter to an address. */
async function mailedCode(to) {
  await mailed(to, 'share_link_code');
  return (await fetch(`${mailbox}/?${new URLSearchParams({ to, kind: 'share_link_code', n: 1, part: 'text' })}`)).text().then((text) => text.match(/^\d{8}\r?$/m)[0].trim());
}

/** Opens a link as a mail program does, and sees that its token is gone from the address at once and asked for nowhere. */
async function open(page, link, watch) {
  const [path, token] = link.split('#');
  assert.ok(token.length > 20, link);
  await page.goto('about:blank'); // so that the same page loads anew
  await page.goto(link);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForFunction((at) => location.href === at, path);
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage, cookie: document.cookie, state: history.state }));
  assert.ok(!kept.includes(token), 'the token is kept');
  assert.ok(!watch.requests.some((url) => url.split('#')[0].includes(token)), 'the token was part of an address');
  return token;
}

async function signIn(page, login, secret = password) { // without touching the mouse
  await page.getByLabel('Username or e-mail address').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('name')), 'login');
  await page.keyboard.type(login);
  await page.keyboard.press('Tab');
  await page.keyboard.type(secret);
  await page.keyboard.press('Enter');
}

const said = (page, text) => page.getByRole('status').getByText(text).waitFor();
const refused = (page, text) => page.getByRole('alert').getByText(text).waitFor();

const ada = await person(site, 'ada', password), ben = await person(site, 'ben', password);
const key = await ada.createKey('Payments');

await withPage([site], async (page, watch) => { // an invitation, looked at and accepted
  await ada.invite(key, 'ben', 'ADMIN');
  await open(page, await mailed('ben@demo.example', 'invitation'), watch);
  await said(page, 'Sign in to see your invitation.');
  await page.screenshot({ path: `${shots}/invitation-sign-in.png` });
  await signIn(page, 'cleo');
  await refused(page, 'another account');
  await page.getByRole('button', { name: 'Sign in as somebody else' }).click();
  await signIn(page, 'ben');
  await page.getByText('You are offered a place on the API key “Payments” as admin').waitFor();
  await page.screenshot({ path: `${shots}/invitation.png` });
  assert.equal((await ben.ask('{ viewer { invitations { nodes { status } } } }')).viewer.invitations.nodes[0].status, 'PENDING');
  const accept = page.getByRole('button', { name: 'Accept' });
  for (let steps = 0; !(await accept.evaluate((b) => b === document.activeElement)); steps++) {
    assert.ok(steps < 10, 'Accept is not reached by the keyboard');
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await said(page, 'You have a place on “Payments” now.');
  await page.screenshot({ path: `${shots}/invitation-accepted.png` });
  assert.equal((await ben.ask('query($k: ID!) { apiKey(id: $k) { viewerRole } }', { k: key })).apiKey.viewerRole, 'ADMIN');
  await open(page, await mailed('ben@demo.example', 'invitation'), watch);
  await page.getByRole('alert').filter({ hasText: /\S/ }).waitFor(); // it works once
});

await withPage([site], async (page, watch) => { // one declined by the link, one without it
  await ada.invite(key, 'cleo', 'CONTRIBUTOR');
  await open(page, await mailed('cleo@demo.example', 'invitation'), watch);
  await signIn(page, 'cleo@demo.example');
  await page.getByRole('button', { name: 'Decline' }).click();
  await said(page, 'You declined. Nothing is shared with you.');
  await ada.invite(key, 'cleo', 'CONTRIBUTOR');
  await page.getByRole('link', { name: 'Your other invitations' }).click();
  await page.getByRole('button', { name: 'Accept' }).click();
  await said(page, 'You have a place on “Payments” now.');
});

await withPage([site], async (page, watch) => { // a place in an organization
  const { createOrganization: { organization } } = await ada.ask('mutation { createOrganization(input: { name: "Acme" }) { organization { id } } }');
  await ada.ask('mutation($o: ID!) { inviteToOrganization(input: { organizationId: $o, emails: ["ben@demo.example"], role: READER }) { errors { code } } }', { o: organization.id });
  await open(page, await mailed('ben@demo.example', 'organization_invitation'), watch);
  await signIn(page, 'ben');
  await page.getByText(/a place in the organization “Acme” as reader/).waitFor();
  await page.getByRole('button', { name: 'Accept' }).click();
  await said(page, 'You have a place in “Acme” now.');
  assert.equal((await ben.ask('query($o: ID!) { organization(id: $o) { viewerRole } }', { o: organization.id })).organization.viewerRole, 'READER');
});

await withPage([site], async (page, watch) => { // who has no account makes one by the link
  const acme = (await ada.ask('{ organizations(first: 9) { nodes { id name } } }')).organizations.nodes.find((o) => o.name === 'Acme');
  await ada.ask('mutation($o: ID!) { inviteToOrganization(input: { organizationId: $o, emails: ["fay@demo.example"], role: READER }) { errors { code } } }', { o: acme.id });
  await open(page, await mailed('fay@demo.example', 'organization_invitation'), watch);
  await page.getByRole('button', { name: 'I have no account yet' }).click();
  await page.getByLabel('E-mail address').fill('fay@demo.example');
  await page.getByLabel('Username').fill('fay');
  await page.getByLabel('Your name').fill('Fay');
  await page.getByLabel('New password').fill(password);
  await page.getByLabel('The same again').fill(password);
  await page.screenshot({ path: `${shots}/invitation-new-account.png` });
  await page.keyboard.press('Enter');
  await said(page, 'You have an account now.');
  await signIn(page, 'fay');
  await page.getByRole('button', { name: 'Accept' }).click();
  await said(page, 'You have a place in');
});

await withPage([site], async (page, watch) => { // a new password
  await page.goto(`${site}/sign-in`);
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await page.getByLabel('E-mail address of your account').fill('ben@demo.example');
  await page.keyboard.press('Enter');
  await said(page, 'If there is an account with this address, a link is on its way.');
  const link = await mailed('ben@demo.example', 'reset_password');
  await open(page, link, watch);
  await page.getByLabel('New password').fill('another-long-password');
  await page.getByLabel('The same again').fill('another-long-passwort');
  await page.keyboard.press('Enter');
  await refused(page, 'The two passwords are not the same.');
  await page.getByLabel('The same again').fill('another-long-password');
  await page.screenshot({ path: `${shots}/reset.png` });
  await page.keyboard.press('Enter');
  await said(page, 'Your password is changed');
  await page.getByRole('link', { name: 'Sign in with it' }).click();
  await signIn(page, 'ben', password);
  await page.getByRole('alert').filter({ hasText: /\S/ }).waitFor(); // the old one is dead
  await page.getByLabel('Password').fill('another-long-password');
  await page.keyboard.press('Enter');
  await page.getByText('Signed in as Ben Lindqvist').waitFor();
  await assert.rejects(ben.ask('query($k: ID!) { apiKey(id: $k) { id } }', { k: key }), /UNAUTHENTICATED/); // every session ended
});

await withPage([site], async (page, watch) => { // an address, confirmed by pressing a button and by nothing less
  const nobody = await person(site, 'nobody', 'nothing');
  await nobody.ask('mutation { signUp(input: {email: "eve@mail.example", username: "eve", name: "Eve", password: "correct-horse-battery"}) { errors { message } } }');
  await open(page, await mailed('eve@mail.example', 'verify_email'), watch);
  const eve = await person(site, 'eve', password);
  const confirmed = async () => (await eve.ask('{ viewer { emailVerified } }')).viewer.emailVerified;
  const confirm = page.getByRole('button', { name: 'Confirm this address' });
  await confirm.waitFor();
  assert.equal(await confirmed(), false);
  await confirm.click();
  await said(page, 'Your e-mail address is confirmed.');
  assert.equal(await confirmed(), true);
});

await withPage([site], async (page, watch) => { // a one-time link, opened by somebody without an account
  const { organizations } = await ada.ask('{ organizations(first: 1) { nodes { id } } }');
  const { createSecret } = await ada.ask(`mutation($o: ID!) { createSecret(input: {organizationId: $o, name: "Payments API", url: "https://pay.example.com", clientId: "pay-1",
    clientSecret: "s3cret-for-outside"}) { secret { id } errors { message } } }`, { o: organizations.nodes[0].id });
  const { createShareLink } = await ada.ask(`mutation($s: ID!) { createShareLink(input: {secretId: $s, expiresInSeconds: 600, passphrase: "open sesame",
    recipientEmail: "eve@mail.example"}) { shareLink { id } url errors { message } } }`, { s: createSecret.secret.id });
  const views = async () => (await ada.ask('query($s: ID!) { secret(id: $s) { shareLinks { nodes { viewCount } } } }', { s: createSecret.secret.id })).secret.shareLinks.nodes[0].viewCount;
  const code = await mailedCode('eve@mail.example');
  await open(page, createShareLink.url, watch);
  await page.getByText('Somebody hands you a secret.').waitFor();
  await page.screenshot({ path: `${shots}/share.png` });
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByLabel('Passphrase').fill('open sesam');
  await page.getByLabel('Code').fill(code);
  await page.keyboard.press('Enter');
  await refused(page, 'This is not the passphrase, or not the code');
  assert.equal(await views(), 0);
  await page.getByLabel('Passphrase').fill('open sesame');
  await page.screenshot({ path: `${shots}/share-asks.png` });
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Payments API' }).waitFor();
  await said(page, 'The link is used up');
  assert.ok(!(await page.content()).includes('s3cret-for-outside'), 'the value is shown before anybody asked');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText('s3cret-for-outside').waitFor();
  await page.screenshot({ path: `${shots}/share-shown.png` });
  assert.equal(await views(), 1);
  await open(page, createShareLink.url, watch);
  await page.getByRole('button', { name: 'Open' }).click();
  await refused(page, 'This link shows nothing');
});

await withPage([new URL(env('SETUP')).origin], async (page, watch) => { // the first start
  await open(page, env('SETUP'), watch);
  for (const [label, text] of [['E-mail address', 'root@mail.example'], ['Username', 'root'], ['Your name', 'Root'], ['New password', password], ['The same again', password]]) {
    await page.getByLabel(label).fill(text);
  }
  await page.keyboard.press('Enter');
  await said(page, 'You are signed in, and root administers this Keyhall.');
});
console.log('the links of mails led to pages that did it');
