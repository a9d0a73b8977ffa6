import { useGraphiQLActions } from '@graphiql/react';
import { GraphiQL } from 'graphiql';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { AccountBar } from './AccountBar';
import { fetcher } from './fetcher';
import { memory } from './memory';
import { type Person, whoIsSignedIn } from './session';
import { story } from './story';

/** GraphiQL over Keyhall's own schema, with a bar that says who asks. */
export function Explorer() {
  const [person, setPerson] = useState<Person | null | undefined>(undefined);
  const look = useCallback(() => void whoIsSignedIn().then(setPerson), []);
  useEffect(look, [look]);
  const ask = useMemo(() => fetcher(look), [look]);
  const storage = useMemo(memory, []);
  if (person === undefined) return null;
  return (
    <>
      <AccountBar person={person} onChange={look} />
      <main>
        <GraphiQL
          fetcher={ask}
          storage={storage}
          defaultTabs={story}
          defaultEditorToolsVisibility="variables"
          shouldPersistHeaders={false}
          showPersistHeadersSettings={false}
        >
          <GraphiQL.Logo>
            <SchemaOf person={person?.username ?? ''} />
          </GraphiQL.Logo>
        </GraphiQL>
      </main>
    </>
  );
}

/** Reads the schema again when somebody else asks: who may read it depends on the account. */
function SchemaOf({ person }: { person: string }) {
  const { introspect } = useGraphiQLActions();
  const before = useRef(person);
  useEffect(() => {
    if (before.current === person) return;
    before.current = person;
    void introspect();
  }, [person, introspect]);
  return null;
}
