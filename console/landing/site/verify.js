import { deed } from './ask.js';
import { button, el, form, show, tell } from './dom.js';
import { takeToken } from './token.js';

const token = takeToken();
const signIn = () => el('p', {}, el('a', { href: '/sign-in' }, 'Go on to Keyhall'));

/** People press the button; a program that only looks at links does not, so that it uses none up. */
const confirm = button('Confirm this address', async () => {
  await deed('verifyEmail', 'mutation Verify($token: String!) { verifyEmail(input: { token: $token }) { errors { message } } }', { token });
  tell('Your e-mail address is confirmed.');
  show(signIn());
}, 'main');

const resend = form({ email: ['E-mail address of your account', { type: 'email', autocomplete: 'email' }] }, 'Send a new link', async ({ email }) => {
  await deed('resendVerification', 'mutation Resend($email: String!) { resendVerification(input: { email: $email }) { errors { message } } }', { email });
  tell('If an account waits for this address to be confirmed, a new link is on its way. Older ones are dead.');
});

show(...(token ? [el('p', {}, 'Press the button to confirm that this address is yours.'), confirm] : [resend]));
