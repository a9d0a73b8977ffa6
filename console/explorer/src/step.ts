const width = 56;

/** A saved query as GraphiQL opens it in a tab. */
export function step(query: string, variables: Record<string, unknown> = {}, headers: Record<string, string> = {}) {
  return { query: query.trimEnd(), variables: pretty(variables), headers: Object.keys(headers).length > 0 ? pretty(headers) : '' };
}

/** JSON with each entry on a line of its own, and what is in an entry on that line too where it fits: the pane is low. */
function pretty(value: object, indent = ''): string {
  const inner = `${indent}  `, [open, close] = Array.isArray(value) ? '[]' : '{}';
  const entries = Object.entries(value).map(([name, item]) => {
    const label = Array.isArray(value) ? '' : `${JSON.stringify(name)}: `;
    const line = inner + label + oneLine(item);
    return line.length <= width || item === null || typeof item !== 'object' ? line : inner + label + pretty(item, inner);
  });
  return entries.length > 0 ? `${open}\n${entries.join(',\n')}\n${indent}${close}` : `${open}${close}`;
}

function oneLine(value: unknown): string {
  return JSON.stringify(value, null, 1).replace(/\n */g, ' ');
}
