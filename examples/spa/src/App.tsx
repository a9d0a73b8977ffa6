import { useCallback, useState } from 'react';
import { type Client, Provider } from 'urql';
import { Invitations } from './Invitations';
import { Key } from './Key';
import { Keys } from './Keys';
import { Live } from './Live';
import { SignIn } from './SignIn';

/** The token lives in this page's memory: closing it signs out. */
export function App() {
  const [client, setClient] = useState<Client>();
  const [open, setOpen] = useState<string>();
  const close = useCallback((id: string) => setOpen((now) => (now === id ? undefined : now)), []);
  if (!client) return <SignIn onSignIn={setClient} />;
  return (
    <Provider value={client}>
      <Live onLost={close} />
      <Invitations />
      <Keys onOpen={setOpen} />
      {open && <Key id={open} />}
    </Provider>
  );
}
