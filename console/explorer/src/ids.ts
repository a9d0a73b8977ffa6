const id = /^([a-z]{3})_[0-9A-Z]{26}$/;
const placeholder = /^([a-z]{3})_\.\.\.$/;

/** Remembers the first id of each kind in an answer, and puts it where variables say `key_...`. */
export class Ids {
  readonly #last = new Map<string, string>();

  see(answer: unknown): void {
    const seen = new Map<string, string>();
    walk(answer, (text) => {
      const kind = id.exec(text)?.[1];
      if (kind && !seen.has(kind)) seen.set(kind, text);
      return text;
    });
    for (const [kind, text] of seen) this.#last.set(kind, text);
  }

  /** The variables with ids for placeholders, and the placeholders that stand for nothing yet. */
  fill(variables: unknown): { variables: unknown; unknown: string[] } {
    const unknown: string[] = [];
    const filled = walk(variables, (text) => {
      const kind = placeholder.exec(text)?.[1];
      if (!kind) return text;
      const last = this.#last.get(kind);
      if (!last) unknown.push(text);
      return last ?? text;
    });
    return { variables: filled, unknown };
  }
}

/** Copies a JSON value with each text changed. */
function walk(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => walk(item, change));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(item, change)]));
}
