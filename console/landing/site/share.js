import { deed } from './ask.js';
import { button, el, form, show, tell, title } from './dom.js';
import { takeToken } from './token.js';

const token = takeToken();
const query = `mutation OpenShareLink($input: OpenShareLinkInput!) {
  openShareLink(input: $input) { name clientId clientSecret viewsLeft errors { code message path } } }`;
const asked = {
  passphrase: ['Passphrase, from who sent you the link', { type: 'password', autocomplete: 'off' }],
  code: ['Code, from the mail that you got', { inputmode: 'numeric', autocomplete: 'one-time-code' }],
};

/** Opens the link, or asks for what it asks for first: that uses nothing up. */
async function open(known = {}) {
  try {
    reveal(await deed('openShareLink', query, { input: { token, ...known } }));
  } catch (err) {
    const missing = (err.errors ?? []).filter((e) => e.code === 'REQUIRED').map((e) => e.path?.at(-1));
    if (!missing.length || missing.some((name) => !asked[name])) throw err;
    tell('This link asks for something that only you know.');
    show(form(Object.fromEntries(missing.map((name) => [name, asked[name]])), 'Show the secret', open));
  }
}

/** The value is masked until somebody asks for it, and lives in this page's memory only. */
function reveal({ name, clientId, clientSecret, viewsLeft }) {
  title(name);
  tell(viewsLeft === 0 ? 'The link is used up: keep what you need before you close this page.' : '');
  const value = el('code', {}, '••••••••');
  show(
    el('h2', {}, 'Client ID'), el('p', {}, el('code', {}, clientId)),
    el('h2', {}, 'Client secret'), el('p', {}, value),
    el('p', {},
      button('Show', () => { value.textContent = clientSecret; }),
      button('Copy', async () => {
        await navigator.clipboard.writeText(clientSecret);
        tell('Copied.');
      }, 'main')),
  );
}

show(...(token
  ? [el('p', {}, 'Somebody hands you a secret. When you press the button it is shown, and the sender sees that it was.'), button('Open', () => open(), 'main')]
  : [el('p', {}, 'Open the whole link that you were sent, with what follows #. The code that was mailed to you is asked for then.')]));
