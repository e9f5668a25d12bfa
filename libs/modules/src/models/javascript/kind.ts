/** `model.javascript`: a script in JavaScript over the records, in a process of its own. */
import { entrySetting, workerKind } from '../worker/declare.js';

export const kind = workerKind({
  type: 'model.javascript',
  title: 'JavaScript model',
  summary: 'Runs a JavaScript module over the records and adds what it gives.',
  docs: `
Runs a module of JavaScript in a Node.js of its own. It needs nothing but what Node.js has.

\`\`\`js
export function load(context) {}      // once; may be left out, may be async
export function predict(rows) {       // a list of objects; gives as many results, or a promise of them
  return rows.map(({ a }) => a * 2);
}
\`\`\`

With \`export const ROWS = 'array'\` each row is a typed array, by \`columns\`. A result may also be an object with a list a
field.
`,
  own: { entry: entrySetting('main.mjs') },
  example: {
    settings: {
      code: 'export const predict = (rows) => rows.map(({ pressure, flow }) => pressure / flow);\n',
      columns: ['pressure', 'flow'],
      outputs: [{ name: 'result', as: 'resistance' }],
      fallback: { resistance: -1 },
    },
  },
});
