/** `model.r`: a script in R over the records. */
import { entrySetting, workerKind } from '../worker/declare.js';

export const kind = workerKind({
  type: 'model.r',
  title: 'R model',
  summary: 'Runs an R script over the records and adds what it gives.',
  docs: `
Runs a script in R by \`Rscript\`. It needs nothing but base R.

\`\`\`r
load <- function(context) fit <<- readRDS(context$path("model"))   # once; may be left out
predict_rows <- function(rows) predict(fit, rows)                  # a data frame; gives as many results
\`\`\`

The function is called \`predict_rows\`, so that R's own \`predict\` keeps its meaning. It gives a vector, a factor, a
matrix (a vector a row), or a data frame or list with a column a field. With \`ROWS <- "array"\` the rows are a matrix.
`,
  own: { entry: entrySetting('main.R') },
  example: {
    settings: {
      code: 'predict_rows <- function(rows) rows$pressure / rows$flow\n',
      columns: ['pressure', 'flow'],
      outputs: [{ name: 'result', as: 'resistance' }],
      fallback: { resistance: -1 },
    },
  },
});
