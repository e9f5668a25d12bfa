/** Gives the keyboard to the field of the inspector that a problem is about; fields say their JSON pointer. */
export function focusField(pointer: string | undefined, tries = TRIES): void {
  if (pointer === undefined || tries === 0) return;
  const field = nearest(pointer);
  if (field === null) {
    // The inspector is about to be drawn, or even to be loaded.
    setTimeout(() => focusField(pointer, tries - 1), EVERY_MS);
    return;
  }
  const input = field.matches(INPUTS) ? field : field.querySelector<HTMLElement>(INPUTS);
  input?.focus();
  field.scrollIntoView({ block: 'nearest' });
}

/** The place itself, or the field around it: words of a list have no fields of their own. */
function nearest(pointer: string): HTMLElement | null {
  for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const field = document.querySelector<HTMLElement>(`[data-pointer="${CSS.escape(at)}"]`);
    if (field !== null) return field;
  }
  return null;
}

const EVERY_MS = 100;
const TRIES = 20;
const INPUTS = 'input, textarea, select, button, [contenteditable="true"]';
