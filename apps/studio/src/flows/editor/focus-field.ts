/** Gives the keyboard to the field of the inspector that a problem is about; fields say their JSON pointer. */
export function focusField(pointer: string | undefined): void {
  if (pointer === undefined) return;
  const field = document.querySelector<HTMLElement>(`[data-pointer="${CSS.escape(pointer)}"]`);
  const input = field?.matches(INPUTS) ? field : field?.querySelector<HTMLElement>(INPUTS);
  input?.focus();
  field?.scrollIntoView({ block: 'nearest' });
}

const INPUTS = 'input, textarea, select, button, [contenteditable="true"]';
