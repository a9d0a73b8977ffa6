import { ask, deed } from './ask.js';
import { button, el, form, show, tell } from './dom.js';

const viewer = 'viewer { email emailVerified user { name username } }';

export async function whoIsSignedIn() {
  return (await ask(`query WhoIsSignedIn { ${viewer} }`)).viewer;
}

/** Asks people to sign in, and goes on with whoever did; `below` is what else they can do there. */
export function signIn(goOn, ...below) {
  const fields = {
    login: ['Username or e-mail address', { autocomplete: 'username' }],
    password: ['Password', { type: 'password', autocomplete: 'current-password' }],
  };
  show(
    form(fields, 'Sign in', async ({ login, password }) => {
      const signedIn = await deed('signIn', `mutation SignIn($login: String!, $password: String!) {
        signIn(input: { login: $login, password: $password }) { ${viewer} errors { message } } }`, { login, password });
      tell('');
      await goOn(signedIn.viewer);
    }),
    el('p', {}, el('a', { href: '/reset-password' }, 'Forgot your password?')),
    ...below,
  );
}

/** Says who is signed in, with a way to be somebody else. */
export function whoLine(person, goOn) {
  return el('p', { class: 'who' }, `Signed in as ${person.user.name} (${person.email}). `,
    button('Sign in as somebody else', async () => {
      await deed('signOut', 'mutation SignOut { signOut { errors { message } } }');
      tell('');
      signIn(goOn);
    }));
}

/** The fields of a new password, and whether both say the same. */
export const newPassword = {
  password: ['New password, at least 10 characters', { type: 'password', autocomplete: 'new-password', minlength: '10' }],
  again: ['The same again', { type: 'password', autocomplete: 'new-password' }],
};

/** The fields of a new account. */
export const newAccount = {
  email: ['E-mail address', { type: 'email', autocomplete: 'email' }],
  username: ['Username: letters, digits and . _ -', { autocomplete: 'username' }],
  name: ['Your name', { autocomplete: 'name' }],
  ...newPassword,
};

export function checkSame({ password, again }) {
  if (password !== again) throw new Error('The two passwords are not the same.');
}
