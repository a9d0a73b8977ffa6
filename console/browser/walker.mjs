// The hands of somebody at the explorer: they sign in and out above, choose a tab and run it.

export function walker(page, site, password) {
  const account = page.locator('.account');
  const as = async (login, secret = password) => {
    await page.getByLabel('Username or address').fill(login);
    await page.getByLabel('Password').fill(secret);
    await account.getByRole('button', { name: 'Sign in' }).click();
  };
  const signOut = async () => {
    await account.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Username or address').waitFor();
  };
  const choose = (tab) => page.getByRole('tab', { name: tab, exact: true }).click();
  const execute = async (tab) => {
    const answered = page.waitForResponse((r) => r.url() === `${site}/graphql` && r.request().postDataJSON()?.operationName === tab, { timeout: 30_000 });
    await page.getByRole('button', { name: /execute query/i }).click();
    return (await answered).json();
  };
  return {
    account,
    as,
    signOut,
    choose,
    execute,
    run: async (tab) => {
      await choose(tab);
      return execute(tab);
    },
    /** Somebody else takes the place. */
    turn: async (login) => {
      await signOut();
      await as(login);
      await account.getByText(`Signed in as ${login}`).waitFor();
    },
    /** Writes variables of one's own for the chosen tab. */
    write: async (variables) => {
      await page.locator('.graphiql-editor-tool .monaco-editor').first().click();
      await page.keyboard.press('Control+A');
      await page.keyboard.insertText(JSON.stringify(variables));
      await page.keyboard.press('Control+Shift+End'); // the brackets that the editor closed by itself
      await page.keyboard.press('Delete');
    },
    /** All that this origin keeps in the browser. */
    kept: () => page.evaluate(async () => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state,
      await indexedDB.databases(), await caches.keys()])),
    /** Waits until the reader sees a text in the answer. */
    sees: (text) => page.locator('.result-window').getByText(text).first().waitFor(),
  };
}
