/** `model.python`: a script in Python 2.7 or 3 over the records. */
import { z } from 'zod';
import { entrySetting, workerKind } from '../worker/declare.js';

export const kind = workerKind({
  type: 'model.python',
  title: 'Python model',
  summary: 'Runs a Python script over the records and adds what it gives.',
  docs: `
Runs a script in Python as a process of its own, in the node's Python 3, a runtime's, or one that the operator named
(\`interpreter: python2\`). It needs nothing but the standard library.

\`\`\`python
def load(context):          # once; may be left out
    model = context.path("model")
def predict(rows):          # a list of dicts; gives as many results
    return [row["a"] * 2 for row in rows]
\`\`\`

With \`ROWS = "array"\` in the script the rows are an array of numpy, rows by columns. A result may also be an array, a
data frame, or a dict with a list a field.
`,
  own: {
    entry: entrySetting('main.py'),
    requirements: z
      .array(z.string().min(1).max(256))
      .max(256)
      .optional()
      .describe('Packages such as `scikit-learn==1.7.2`; publishing resolves and locks them as a runtime.'),
  },
  example: {
    settings: {
      code: 'def predict(rows):\n    return [row["pressure"] / row["flow"] for row in rows]\n',
      columns: ['pressure', 'flow'],
      outputs: [{ name: 'result', as: 'resistance' }],
      fallback: { resistance: -1 },
    },
  },
});
