// What every browser test needs: a browser, and a watch on all that a page asks for and complains about.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

export const env = (name) => process.env[name] ?? assert.fail(`${name} is not set`);

/** Opens a page that may talk to these origins only, runs the test, and fails on any complaint of the browser. */
export async function withPage(origins, test) {
  const browser = await chromium.launch({ executablePath: env('CHROMIUM'), args: ['--no-sandbox'] });
  try {
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' })).newPage();
    const watch = await watching(page, origins);
    try {
      await test(page, watch);
    } catch (err) {
      await page.screenshot({ path: `${env('SHOTS')}/failed.png` });
      throw new Error(`${err.stack}\ncomplaints: ${watch.complaints.join('\n')}\nasked: ${watch.requests.slice(-8).join('\n')}`);
    }
    assert.deepEqual(watch.complaints, [], 'the browser complained');
  } finally {
    await browser.close();
  }
}

async function watching(page, origins) {
  const complaints = [], requests = [];
  await page.exposeFunction('complain', (text) => complaints.push(`policy: ${text}`));
  await page.addInitScript(() =>
    addEventListener('securitypolicyviolation', (e) => globalThis.complain(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`)));
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && complaints.push(`${m.type()}: ${m.text().slice(0, 300)} ${m.location().url}`));
  page.on('pageerror', (e) => complaints.push(`thrown: ${e.message}`));
  page.on('request', (r) => {
    requests.push(r.url());
    const { protocol, origin } = new URL(r.url());
    if (!['data:', 'blob:'].includes(protocol) && !origins.includes(origin)) complaints.push(`foreign request: ${r.url()}`);
  });
  page.on('response', async (r) => r.status() >= 400 && complaints.push(`${r.status()}: ${(await r.text().catch(() => '')).slice(0, 300)} to ${r.request().postData()?.slice(0, 200)}`));
  page.on('websocket', (s) => complaints.push(`socket: ${s.url()}`));
  return { complaints, requests };
}
