import { checkSame, newPassword } from './account.js';
import { deed } from './ask.js';
import { el, form, show, tell } from './dom.js';
import { takeToken } from './token.js';

const token = takeToken();

const choose = form(newPassword, 'Set the password', async (written) => {
  checkSame(written);
  await deed('resetPassword', `mutation Reset($token: String!, $password: String!) {
    resetPassword(input: { token: $token, newPassword: $password }) { errors { message } } }`, { token, password: written.password });
  tell('Your password is changed, and every session was ended.');
  show(el('p', {}, el('a', { href: '/sign-in' }, 'Sign in with it')));
});

const request = form({ email: ['E-mail address of your account', { type: 'email', autocomplete: 'email' }] }, 'Send me a link', async ({ email }) => {
  await deed('requestPasswordReset', 'mutation Ask($email: String!) { requestPasswordReset(input: { email: $email }) { errors { message } } }', { email });
  tell('If there is an account with this address, a link is on its way. It works for an hour.');
});

show(token ? choose : request);
