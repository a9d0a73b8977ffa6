// Runs the audits of graphql-http against the endpoint given as the first argument.
// Prints one line for each audit that is not ok, then the counts as JSON. Exits 0 only if all of them are ok.
import { serverAudits } from 'graphql-http';

const EXPECTED = 61;
const count = { ok: 0, warn: 0, notice: 0, error: 0 };
for (const audit of serverAudits({ url: process.argv[2], fetchFn: fetch })) {
  const result = await audit.fn();
  count[result.status]++;
  if (result.status !== 'ok') console.log(result.status, audit.id, audit.name, '-', result.reason);
}
console.log(JSON.stringify(count));
process.exit(count.ok === EXPECTED && count.warn + count.notice + count.error === 0 ? 0 : 1);
