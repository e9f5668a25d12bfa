/** What a setting means, on one line; the rest when it is asked for. */
import { useState } from 'react';
import { lineHtml } from '../docs.js';
import classes from '../inspector.module.css';

/** About what fits on a line of the inspector. */
const LINE = 58;

export function LineDocs({ docs, label }: { docs: string; label: string }) {
  const [whole, setWhole] = useState(false);
  if (docs === '') return null;
  const long = docs.length > LINE;
  return (
    <div className={classes.docsLine}>
      {/* Our own docs, and nothing in them becomes markup of its own: docs.ts. */}
      <span
        className={classes.docsText}
        data-folded={(long && !whole) || undefined}
        dangerouslySetInnerHTML={{ __html: lineHtml(docs) }}
      />
      {long && (
        <button
          type="button"
          className={classes.more}
          aria-expanded={whole}
          aria-label={`${whole ? 'Less' : 'More'} about ${label}`}
          onClick={() => setWhole(!whole)}
        >
          {whole ? 'less' : 'more'}
        </button>
      )}
    </div>
  );
}
