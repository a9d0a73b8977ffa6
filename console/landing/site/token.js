/**
 * The token of a link: what follows # in the address, which no browser sends to a server. It is taken out of the address bar and
 * the history at once, and lives in this page's memory only.
 */
export function takeToken() {
  const token = location.hash.slice(1);
  if (token) history.replaceState(null, '', location.pathname);
  addEventListener('hashchange', () => location.reload()); // another link was pasted into the same page
  return token;
}
