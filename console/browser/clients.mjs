// Clients that people use, against a running Keyhall: urql and Apollo, each with types of answers that matter to them.
import assert from 'node:assert/strict';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client/core';
import { cacheExchange, Client, CombinedError, fetchExchange } from '@urql/core';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { person } from './as.mjs';

const site = process.env.KEYHALL, password = process.env.PASSWORD;
const ada = await person(site, 'ada', password), ben = await person(site, 'ben', password);
const token = await ada.token(), url = `${site}/graphql`, headers = { Authorization: `Bearer ${token}` };
const key = await ada.createKey('Clients');

const one = 'query One($id: ID!) { apiKey(id: $id) { id name viewerCan } }';
const rename = 'mutation Rename($id: ID!, $name: String!) { updateAPIKey(input: {id: $id, name: $name}) { apiKey { id name } errors { code path } } }';

async function urql(preferGetMethod) {
  const client = new Client({ url, exchanges: [cacheExchange, fetchExchange], preferGetMethod, fetchOptions: { headers } });
  const first = await client.query(one, { id: key }).toPromise();
  assert.ifError(first.error);
  assert.ok(first.data.apiKey.viewerCan.includes('api_key.delete'));
  const name = `By urql ${preferGetMethod}`;
  const changed = await client.mutation(rename, { id: key, name }).toPromise();
  assert.equal(changed.data.updateAPIKey.apiKey.name, name);
  assert.equal((await client.query(one, { id: key }).toPromise()).data.apiKey.name, name); // its cache heard of it
  const refused = await client.mutation(rename, { id: key, name: '' }).toPromise();
  assert.deepEqual(refused.data.updateAPIKey.errors, [{ __typename: 'UserError', code: 'REQUIRED', path: ['input', 'name'] }]);
  const hidden = await client.query(one, { id: 'key_00000000000000000000000000' }).toPromise();
  assert.ok(hidden.error instanceof CombinedError);
  assert.equal(hidden.error.graphQLErrors[0].extensions.code, 'NOT_FOUND');
}

async function apollo() {
  const client = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri: url, headers }) });
  const { data } = await client.query({ query: gql(one), variables: { id: key } });
  assert.equal(data.apiKey.id, key);
  const name = 'By Apollo';
  await client.mutate({ mutation: gql(rename), variables: { id: key, name } });
  const cached = await client.query({ query: gql(one), variables: { id: key }, fetchPolicy: 'cache-only' });
  assert.equal(cached.data.apiKey.name, name); // ids are global: the normalized cache holds one row
  const hidden = client.query({ query: gql(one), variables: { id: 'key_00000000000000000000000000' } });
  await assert.rejects(hidden, (e) => CombinedGraphQLErrors.is(e) && e.errors[0].extensions.code === 'NOT_FOUND');
}

async function nobody() {
  const client = new Client({ url, exchanges: [fetchExchange], preferGetMethod: false, fetchOptions: {} });
  const { error } = await client.query(one, { id: key }).toPromise();
  assert.equal(error.graphQLErrors[0].extensions.code, 'UNAUTHENTICATED');
  const dead = new Client({ url, exchanges: [fetchExchange], preferGetMethod: false, fetchOptions: { headers: { Authorization: 'Bearer kht_dead' } } });
  assert.equal((await dead.query(one, { id: key }).toPromise()).error.response.status, 401);
}

await urql(false);
await urql('force');
await apollo();
await nobody();
assert.equal((await ada.ask('query($k: ID!) { apiKey(id: $k) { name } }', { k: key })).apiKey.name, 'By Apollo');
await assert.rejects(ben.ask(one, { id: key }), /NOT_FOUND/);
console.log('urql and Apollo were served');
