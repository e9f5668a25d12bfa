/** `model.julia`: a script in Julia over the records. */
import { entrySetting, workerKind } from '../worker/declare.js';

export const kind = workerKind({
  type: 'model.julia',
  title: 'Julia model',
  summary: 'Runs a Julia script over the records and adds what it gives.',
  docs: `
Runs a script in Julia. It needs nothing but its standard library.

\`\`\`julia
load(context) = (global path = context.path("model"))   # once; may be left out
predict(rows) = [row["a"] * 2 for row in rows]           # a vector of Dict; gives as many results
\`\`\`

With \`ROWS = "array"\` the rows are a matrix, rows by columns. A result may also be a Dict with a vector a field.
`,
  own: { entry: entrySetting('main.jl') },
  example: {
    settings: {
      code: 'predict(rows) = [row["pressure"] / row["flow"] for row in rows]\n',
      columns: ['pressure', 'flow'],
      outputs: [{ name: 'result', as: 'resistance' }],
      fallback: { resistance: -1 },
    },
  },
});
