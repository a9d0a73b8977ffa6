import { deed } from './ask.js';
import { signIn, whoIsSignedIn, whoLine } from './account.js';
import { attempt, button, el, show, tell } from './dom.js';

function home(person) {
  const links = el('p', {}, el('a', { href: '/invitations' }, 'Your invitations'));
  show(whoLine(person, home), links, ...(person.emailVerified ? [] : [verify(person.email)]));
}

function verify(email) {
  return el('p', {}, `The address ${email} is not confirmed yet. `, button('Send the link again', async () => {
    await deed('resendVerification', `mutation Resend($email: String!) { resendVerification(input: { email: $email }) { errors { message } } }`, { email });
    tell('A new link is on its way. Older ones are dead.');
  }));
}

void attempt(null, async () => {
  const person = await whoIsSignedIn();
  person ? home(person) : signIn(home);
});
