const content = document.getElementById('content');
const said = document.getElementById('said');
const refused = document.getElementById('refused');

/** Makes an element. Text is only ever text. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Shows this and nothing else, with the focus where one goes on. */
export function show(...children) {
  content.replaceChildren(...children);
  (content.querySelector('input') ?? document.querySelector('h1')).focus();
}

export function title(text) {
  document.querySelector('h1').textContent = text;
}

/** Tells how something went; readers of a screen hear it. */
export function tell(text) {
  said.textContent = text;
  refused.textContent = '';
}

function refuse(text) {
  said.textContent = '';
  refused.textContent = text;
}

/** Does something that may be refused, once at a time, and says why it was. */
export async function attempt(control, deed) {
  if (control) control.disabled = true;
  try {
    await deed();
  } catch (err) {
    refuse(err.message);
  } finally {
    if (control) control.disabled = false;
  }
}

export function button(text, act, kind = '') {
  const control = el('button', { type: 'button', class: kind }, text);
  control.addEventListener('click', () => void attempt(control, act));
  return control;
}

/** A form of labelled fields, { name: [label, attributes] }; `act` gets what was written. */
export function form(fields, submit, act) {
  const control = el('button', { class: 'main' }, submit);
  const labels = Object.entries(fields).map(([name, [label, attributes]]) => el('label', {}, label, el('input', { name, required: '', ...attributes })));
  const element = el('form', {}, ...labels, control);
  element.addEventListener('submit', (event) => {
    event.preventDefault();
    void attempt(control, () => act(Object.fromEntries(new FormData(element))));
  });
  return element;
}
