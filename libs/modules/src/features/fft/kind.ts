/** `feature.fft`: what a column is made of, frequency by frequency. */
import { defineKind, mergeColumns, type Column, type ColumnType } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';

export const RESULTS = ['bins', 'bands', 'centroid', 'peak', 'rolloff'] as const;
export type Result = (typeof RESULTS)[number];

export interface Band {
  name: string;
  fromHz: number;
  toHz: number;
}

/** Names of the fields that are added, in the order of `out`. */
export function fieldsOf(column: string, out: readonly Result[], bands: readonly Band[]): string[] {
  return out.flatMap((result) => {
    if (result === 'bands') return bands.map(({ name }) => `${column}_${name}`);
    return result === 'peak' ? [`${column}_peak`, `${column}_peakHz`] : [`${column}_${result}`];
  });
}

const docs = `
The spectrum of a column's last \`size\` values, by the fast Fourier transform. A record whose column is a vector, as
\`align.window\` makes it, is a window by itself; \`size\` is its length, and the vector goes, unless \`keepWindow\`.
Where the column is a number, every \`hop\` rows the last \`size\` rows are a window, per key, and the results are in
the record of its last row; other records pass untouched.

Each window is freed from its mean or line (\`detrend\`), weighted (\`hann\`: periodic, \`0.5 - 0.5 cos(2 pi n / size)\`)
and transformed. Bin k stands for \`k * sampleHz / size\` Hz; there are \`size / 2 + 1\`, from 0 Hz to half of \`sampleHz\`.

| out | field | is |
| --- | --- | --- |
| \`bins\` | \`<column>_bins\` | a vector of all bins; \`scale\` says in what |
| \`bands\` | \`<column>_<name>\` | for each of \`bands\`, the sum of squares of the bins with fromHz <= f < toHz |
| \`peak\` | \`<column>_peak\`, \`<column>_peakHz\` | the greatest bin, and its frequency |
| \`centroid\` | \`<column>_centroid\` | mean frequency, weighted by the bins, in Hz |
| \`rolloff\` | \`<column>_rolloff\` | the lowest frequency up to which the bins make \`rolloffShare\` of the sum of all, in Hz |

- Peak, centroid and rolloff leave the bin of 0 Hz out. Of a window without any movement, centroid, rolloff and
  peakHz are null.
- \`scale: raw\` is \`abs(rfft(x))\` of numpy. \`scale: amplitude\` divides by what the weights make of it, so that a sine
  of amplitude 2 in the middle of a bin reads 2.
- A power of two is quickest; any other \`size\` gives the same numbers for a few times the work.
- A row without a value (null, NaN, text) makes the results of every window that it is in null; counted as
  \`incomplete\`. A vector of another length gives null too; counted as \`wrong-size\`.
- Rows are taken as evenly spaced; put \`align.rows\` before this module where they are not. After a gap record the
  window starts afresh.

Counted: \`incomplete\`, \`wrong-size\`, \`text\`, \`no-key\`, \`keys-evicted\`.
`;

export const kind = defineKind({
  type: 'feature.fft',
  category: 'feature',
  title: 'Spectrum',
  summary: 'Frequencies of a column: bins, bands, peak, centroid, rolloff.',
  docs,
  settings: z.object({
    column: z.string().min(1).describe('Field to analyse: a number, or the vector of a window.'),
    size: z.number().int().min(2).max(65_536).describe('Rows in a window; a power of two is quickest.'),
    sampleHz: z.number().positive().describe('Rows a second, in Hz.'),
    hop: z
      .number()
      .int()
      .min(1)
      .max(65_536)
      .optional()
      .describe('Rows from one window to the next, where the column is a number. `size` when absent.'),
    window: z.enum(['hann', 'none']).default('hann').describe('Weights, against leakage at the edges.'),
    detrend: z
      .enum(['mean', 'linear', 'none'])
      .default('mean')
      .describe('What is taken off a window first: its mean, its line, nothing.'),
    out: z.array(z.enum(RESULTS)).min(1).default(['peak', 'centroid']).describe('Which results.'),
    bands: z
      .array(
        z.strictObject({
          name: z.string().min(1).describe('What its field is named after.'),
          fromHz: z.number().min(0).describe('Lowest frequency, in Hz, included.'),
          toHz: z.number().positive().describe('Highest frequency, in Hz, not included.'),
        }),
      )
      .max(100)
      .default([])
      .describe('Bands for `bands`.'),
    scale: z
      .enum(['raw', 'amplitude'])
      .default('raw')
      .describe("Whether bins are the transform's own, or amplitudes in the column's unit."),
    rolloffShare: z
      .number()
      .positive()
      .max(1)
      .default(0.85)
      .describe('Share of the sum of all bins that lies below `rolloff`.'),
    keepWindow: z.boolean().default(false).describe('Whether the vector of a window stays in the record.'),
    ...keySettings,
  }),
  inputs: 'many',
  outputs: ['out'],
  example: {
    settings: {
      column: 'vibration',
      size: 1024,
      sampleHz: 1000,
      out: ['peak', 'bands'],
      bands: [{ name: 'bearing', fromHz: 90, toHz: 140 }],
    },
  },
  reads: ({ column, keyBy }) => [
    { pointer: '/column', field: column, types: ['number', 'vector'] },
    ...(keyBy === undefined ? [] : [{ pointer: '/keyBy', field: keyBy }]),
  ],
  columns({ column, size, out, bands, keepWindow }, inputs) {
    const incoming = mergeColumns(inputs);
    const fields = new Map<string, Column>(incoming.fields);
    for (const name of fieldsOf(column, out, bands)) {
      const vector = name === `${column}_bins` && out.includes('bins');
      const type: ColumnType = vector ? 'vector' : 'number';
      fields.set(name, { type, ...(vector ? { shape: [Math.floor(size / 2) + 1] } : {}) });
    }
    if (fields.get(column)?.type === 'vector' && !keepWindow) fields.delete(column);
    return { ...incoming, fields };
  },
  check({ column, size, sampleHz, out, bands }, inputs) {
    const found: { pointer: string; detail: string }[] = [];
    if (out.includes('bands') !== bands.length > 0)
      found.push({
        pointer: '/bands',
        detail: 'bands are asked for with out: [bands] and given in bands: give both, or none.',
      });
    const names = fieldsOf(column, out, bands);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined)
      found.push({ pointer: '/bands', detail: `${twice} would be written twice: rename a band.` });
    bands.forEach(({ fromHz, toHz }, i) => {
      if (fromHz >= toHz || fromHz > sampleHz / 2)
        found.push({
          pointer: `/bands/${i}`,
          detail: `a band lies between 0 and ${sampleHz / 2} Hz, half of sampleHz, and fromHz is below toHz.`,
        });
    });
    const incoming = mergeColumns(inputs);
    const shape = incoming.fields.get(column)?.shape;
    if (shape !== undefined && shape.length === 1 && shape[0] !== size)
      found.push({
        pointer: '/size',
        detail: `windows of ${shape[0]} rows arrive: set size to ${shape[0]}.`,
      });
    const { periodMs } = incoming;
    if (periodMs !== undefined && shape === undefined && Math.abs((periodMs * sampleHz) / 1000 - 1) > 1e-6)
      found.push({
        pointer: '/sampleHz',
        detail: `a row arrives every ${periodMs} ms: set sampleHz to ${1000 / periodMs}.`,
      });
    return found;
  },
});
