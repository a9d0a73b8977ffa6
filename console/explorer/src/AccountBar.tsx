import { type FormEvent, useState } from 'react';
import mark from './keyhall.svg';
import { type Person, signIn, signOut } from './session';

/** Who is signed in by cookie, or a form to do so. */
export function AccountBar({ person, onChange }: { person: Person | null; onChange: () => void }) {
  return (
    <header>
      <img src={mark} alt="" width="24" height="24" />
      <h1>Keyhall explorer</h1>
      <p>
        An id like <code>key_...</code> in the variables stands for the last one of its kind in an answer. With an <code>Authorization</code> header
        (tab Headers) the cookie stays at home.
      </p>
      {person ? <SignedIn person={person} onChange={onChange} /> : <SignIn onChange={onChange} />}
    </header>
  );
}

function SignedIn({ person, onChange }: { person: Person; onChange: () => void }) {
  return (
    <div className="account">
      <span>
        Signed in as <strong>{person.username}</strong>
      </span>
      <button type="button" onClick={() => void signOut().then(onChange)}>
        Sign out
      </button>
    </div>
  );
}

function SignIn({ onChange }: { onChange: () => void }) {
  const [refusal, setRefusal] = useState('');
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const why = await signIn(String(form.get('login')), String(form.get('password')));
    setRefusal(why);
    if (!why) onChange();
  };
  return (
    <form className="account" onSubmit={(event) => void submit(event)}>
      {refusal && <span role="alert">{refusal}</span>}
      <input name="login" aria-label="Username or address" placeholder="Username" autoComplete="username" required />
      <input name="password" type="password" aria-label="Password" placeholder="Password" autoComplete="current-password" required />
      <button type="submit">Sign in</button>
    </form>
  );
}
