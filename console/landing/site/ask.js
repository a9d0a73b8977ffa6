/** Asks the API of this origin, with its cookie. A refusal of the whole request is thrown; its text is for people. */
export async function ask(query, variables = {}) {
  const response = await fetch('/graphql', {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query, variables }),
  }).catch(() => null);
  if (!response) throw new Error('Keyhall cannot be reached. Try again in a moment.');
  const answer = await response.json().catch(() => ({ errors: [{ message: 'Keyhall did not answer as it should. Try again in a moment.' }] }));
  if (answer.errors?.length) throw new Error(sentence(answer.errors[0].message));
  return answer.data;
}

/** Asks for a mutation and throws why it was refused. */
export async function deed(name, query, variables) {
  const payload = (await ask(query, variables))[name];
  if (payload.errors.length > 0) throw refusal(payload.errors);
  return payload;
}

/** Why a mutation was refused, with its `errors` for who can go on from them. */
function refusal(errors) {
  return Object.assign(new Error(sentence(errors[0].message)), { errors });
}

/** Messages of the API begin small and end without a stop, to be put into a sentence. Here they are one. */
function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
}
