import { checkSame, newAccount } from './account.js';
import { deed } from './ask.js';
import { el, form, show, tell } from './dom.js';
import { takeToken } from './token.js';

const setupToken = takeToken();
const make = form(newAccount, 'Make the administrator', async ({ email, username, name, password, again }) => {
  checkSame({ password, again });
  await deed('signUp', `mutation SetUp($input: SignUpInput!) { signUp(input: $input) { viewer { email } errors { message } } }`,
    { input: { email, username, name, password, setupToken } });
  tell(`You are signed in, and ${username} administers this Keyhall.`);
  show(el('p', {}, el('a', { href: '/' }, 'Go on')));
});

show(setupToken ? make : el('p', {}, 'Keyhall prints the whole link, with what follows #, when it starts without an account.'));
