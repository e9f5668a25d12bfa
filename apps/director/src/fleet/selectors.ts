/** Selectors and filters as they come from users: a mistake becomes a problem that says where. */
import { parseSelector, SelectorError, type Selector } from '@millrace/fleet';
import { Failure } from '@millrace/schemas';

/** `pointer` is the place in the request. With `names`, only these are known. */
export function readSelector(text: string, pointer: string, names?: readonly string[]): Selector {
  try {
    return parseSelector(text, names);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    throw new Failure(
      'fleet.selector-invalid',
      `${text.slice(0, 100)}: ${error.message}. Write it like line==3;site=in=(a,b).`,
      { errors: [{ pointer, detail: error.message }] },
    );
  }
}
