// The example page on another origin: walks its story where the operator named that origin, and can do nothing where not.
import assert from 'node:assert/strict';
import { person } from './as.mjs';
import { env, withPage } from './page.mjs';

const site = env('KEYHALL'), closed = env('KEYHALL_CLOSED'), spa = env('SPA'), password = env('PASSWORD');
const ada = await person(site, 'ada', password);
const key = await ada.createKey('Shipping');
await ada.invite(key, 'ben', 'ADMIN');
await ada.invite(key, 'cleo', 'CONTRIBUTOR');

const signIn = async (page, address, token) => {
  await page.goto(spa);
  await page.getByLabel('Keyhall').fill(address);
  await page.getByLabel('Access token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
};
const open = async (page) => {
  await page.getByRole('region', { name: 'Invitations' }).getByText('Shipping').waitFor();
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.getByRole('region', { name: 'Keys' }).getByRole('button', { name: 'Shipping' }).click();
  await page.getByRole('list', { name: 'Permissions' }).getByText('api_key.view', { exact: true }).waitFor();
};

await withPage([spa, site], async (page) => { // ben is an admin: he renames
  await signIn(page, site, await (await person(site, 'ben', password)).token());
  await open(page);
  await page.getByLabel('New name').fill('Shipping (EU)');
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('heading', { name: 'Shipping (EU)' }).waitFor();
  await page.getByRole('region', { name: 'Keys' }).getByRole('button', { name: 'Shipping (EU)' }).waitFor();
  await page.screenshot({ path: `${env('SHOTS')}/spa.png` });
});
assert.equal((await ada.ask('query($k: ID!) { apiKey(id: $k) { name } }', { k: key })).apiKey.name, 'Shipping (EU)');

// A13, A14: ben's page is open while ada makes him a contributor, an admin again, and nothing. It is never loaded again.
await withPage([spa, site], async (page, { complaints }) => {
  const ben = await person(site, 'ben', password), place = await ada.placeOf(key, 'ben');
  await signIn(page, site, await ben.token());
  const keys = page.getByRole('region', { name: 'Keys' }), told = page.getByRole('status');
  await keys.getByRole('button', { name: 'Shipping (EU)' }).click();
  const rename = page.getByRole('button', { name: 'Rename' });
  await rename.waitFor();
  await page.evaluate(() => (globalThis.sameLoad = true));

  await ada.setRole(place, 'CONTRIBUTOR');
  await told.getByText('Shipping (EU): changed; you are contributor.').waitFor();
  await rename.waitFor({ state: 'detached' });
  await page.getByText('As contributor you can:').waitFor();
  await ada.setRole(place, 'ADMIN');
  await rename.waitFor();
  await ada.remove(place);
  await told.getByText('You lost your place on a key.').waitFor();
  await page.getByRole('region', { name: 'Key', exact: true }).waitFor({ state: 'detached' });
  await keys.getByText('None yet.').waitFor();
  await page.screenshot({ path: `${env('SHOTS')}/spa-lost.png` });
  await ada.share(key, ben, 'CONTRIBUTOR');
  await told.getByText('Shipping (EU): you are here as contributor.').waitFor();
  await keys.getByRole('button', { name: 'Shipping (EU)' }).waitFor();
  assert.equal(await page.evaluate(() => globalThis.sameLoad), true);
  assert.deepEqual(complaints, []);
});

await withPage([spa, site], async (page, { complaints }) => { // cleo is a contributor: no control, and no way round it
  const cleo = await person(site, 'cleo', password), token = await cleo.token();
  await signIn(page, site, token);
  await open(page);
  assert.equal(await page.getByRole('button', { name: 'Rename' }).count(), 0);
  const query = `mutation { updateAPIKey(input: {id: "${key}", name: "Mine"}) { apiKey { name } } }`;
  const told = await page.evaluate(post, { url: `${site}/graphql`, query, headers: { Authorization: `Bearer ${token}` }, credentials: 'omit' });
  assert.match(told, /FORBIDDEN.*contributor/);
  assert.deepEqual(complaints, []);
});

// A cookie of Keyhall in the same browser is of no use to the page, wherever it is.
await withPage([spa, site, closed], async (page, { complaints }) => {
  for (const server of [site, closed]) {
    await page.goto(`${server}/explorer`);
    await page.getByLabel('Username or address').fill('ada');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Signed in as ada').waitFor();
    await page.goto(spa);
    const query = 'mutation { createAPIKey(input: {name: "stolen"}) { plaintext } }';
    assert.equal(await page.evaluate(post, { url: `${server}/graphql`, query, headers: {}, credentials: 'include' }), 'blocked');
  }
  // Where the origin is not named the page cannot even sign in.
  const there = await person(closed, 'ada', password);
  await signIn(page, closed, await there.token());
  await page.getByRole('alert').waitFor();
  assert.ok(complaints.some((text) => text.includes('blocked by CORS policy')), complaints.join('\n'));
  for (const who of [ada, there]) {
    assert.equal((await who.ask('{ apiKeys(filter: {query: "stolen"}) { totalCount } }')).apiKeys.totalCount, 0);
  }
  complaints.length = 0; // the browser complained, as it had to
});
console.log('the page walked its story, and nothing else');

function post({ url, query, headers, credentials }) {
  return fetch(url, { method: 'POST', credentials, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify({ query }) })
    .then((r) => r.text(), () => 'blocked');
}
