import type { Storage } from '@graphiql/toolkit';

/**
 * Where GraphiQL keeps tabs and history: in the page, and gone with it. Variables can hold a password or a token, which
 * nothing on this origin may find later. Only the colours are kept.
 */
export function memory(): Storage {
  const kept = new Map<string, string>();
  const theme = 'graphiql:theme';
  const colours = localStorage.getItem(theme);
  if (colours) kept.set(theme, colours);
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => {
      kept.set(name, value);
      if (name === theme) localStorage.setItem(theme, value);
    },
    removeItem: (name) => void kept.delete(name),
    clear: () => kept.clear(),
    get length() {
      return kept.size;
    },
  };
}
