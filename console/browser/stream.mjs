// graphql-sse (distinct connections) and urql's own reader, against a running Keyhall: what happens to somebody's access
// reaches their open streams, and a client that knows how to is back by itself after the server was started again.
import assert from 'node:assert/strict';
import { Client, fetchExchange } from '@urql/core';
import { createClient } from 'graphql-sse';
import { person } from './as.mjs';
import { env } from './page.mjs';
import { start } from './server.mjs';

const binary = env('KEYHALL_BINARY'), folder = env('FOLDER'), password = env('PASSWORD');
const query = 'subscription { accessChanged { kind resourceId resource { ... on APIKey { name viewerRole } } permissions } }';

let server = await start(binary, folder);
try {
  const { site } = server, url = `${site}/graphql`;
  const ada = await person(site, 'ada', password), ben = await person(site, 'ben', password);
  const key = await ada.createKey('Streams');
  const token = await ben.token(), headers = { Authorization: `Bearer ${token}` };

  let reconnects = 0;
  const sse = createClient({ url, headers, retryAttempts: 1000, retry: () => new Promise((done) => setTimeout(done, 100)),
    on: { connected: (again) => { if (again) reconnects++; } } });
  const events = sse.iterate({ query });
  const next = async () => (await events.next()).value.data.accessChanged;
  const urql = new Client({ url, exchanges: [fetchExchange], preferGetMethod: false, fetchSubscriptions: true, fetchOptions: { headers } });
  const others = heard(urql.subscription(query, {}));

  assert.equal((await next()).kind, 'RESYNC');
  assert.equal((await others()).kind, 'RESYNC');
  await ada.share(key, ben, 'CONTRIBUTOR');
  for (const event of [await next(), await others()]) {
    assert.deepEqual([event.kind, event.resourceId, event.resource.viewerRole], ['GAINED', key, 'CONTRIBUTOR']);
    assert.ok(!event.permissions.includes('api_key.rename'));
  }
  const place = await ada.placeOf(key, 'ben');
  await ada.setRole(place, 'ADMIN');
  for (const event of [await next(), await others()]) {
    assert.deepEqual([event.kind, event.resourceId, event.resource.viewerRole], ['CHANGED', key, 'ADMIN']);
    assert.ok(event.permissions.includes('api_key.rename'));
  }

  // The server goes and comes back: the stream ends without "complete", the client asks again and looks at everything anew.
  const gone = Date.now();
  await server.stop();
  const stopped = Date.now() - gone;
  server = await start(binary, folder, new URL(site).host);
  assert.equal((await next()).kind, 'RESYNC');
  assert.equal(reconnects, 1);
  console.log(`streams ended and the server stopped in ${stopped} ms; graphql-sse was back ${Date.now() - gone} ms after that began`);
  await ada.remove(place);
  const lost = await next();
  assert.deepEqual([lost.kind, lost.resourceId, lost.resource, lost.permissions], ['LOST', key, null, []]);

  // A token that ends takes its stream with it: the client hears "complete" and does not come back; asking again is refused.
  await ben.revokeTokens();
  assert.equal((await events.next()).done, true);
  const refused = createClient({ url, headers, retryAttempts: 0 }).iterate({ query });
  await assert.rejects(refused.next(), (e) => e.response?.status === 401);
} finally {
  await server.stop();
}
console.log('graphql-sse and urql heard of it');

/** The next event of an urql stream, however they come. */
function heard(source) {
  const waiting = [], come = [];
  source.subscribe((r) => {
    if (!r.data) return;
    const event = r.data.accessChanged;
    waiting.length > 0 ? waiting.shift()(event) : come.push(event);
  });
  return () => (come.length > 0 ? Promise.resolve(come.shift()) : new Promise((done) => waiting.push(done)));
}
