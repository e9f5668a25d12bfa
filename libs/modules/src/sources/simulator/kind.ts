/** source.simulator as data. Browser-safe. */
import { columnsOf, defineKind } from '@millrace/flow';
import { z } from 'zod';

const Signal = z.strictObject({
  name: z.string().min(1).describe('Field that carries the signal.'),
  shape: z
    .enum(['sine', 'ramp', 'noise', 'step', 'fault'])
    .describe('How the signal goes; see the docs for the formulas.'),
  hz: z.number().positive().max(100_000).default(1).describe('Samples a second.'),
  amplitude: z.number().default(1).describe("How far it goes from `offset`, in the signal's own unit."),
  offset: z.number().default(0).describe("Where it rests, in the signal's own unit."),
  periodMs: z.number().positive().default(60_000).describe('After how many milliseconds the shape repeats.'),
  noise: z
    .number()
    .min(0)
    .default(0)
    .describe("Standard deviation of Gaussian noise on top, in the signal's own unit."),
  faultAtMs: z
    .number()
    .min(0)
    .default(30_000)
    .describe('For `fault`: when in a period it begins, in milliseconds.'),
  faultMs: z
    .number()
    .min(0)
    .default(10_000)
    .describe('For `fault`: how long it takes to reach its height, in milliseconds.'),
});
export type Signal = z.output<typeof Signal>;

export const kind = defineKind({
  type: 'source.simulator',
  category: 'source',
  title: 'Simulator',
  summary: 'Makes the samples of sensors that do not exist.',
  docs: `Each signal is sampled on its own grid; samples that fall on the same time share a record. With x the time
in the period, P the period, A the amplitude and O the offset:

| shape | value |
| --- | --- |
| sine | O + A sin(2 pi x / P) |
| ramp | O + A x / P |
| step | O in the first half of the period, O + A in the second |
| noise | O + A g, with g Gaussian of standard deviation 1 |
| fault | O until faultAtMs, then straight to O + A within faultMs, where it stays until the period ends |

The same settings give the same values: every random number is a hash of seed, signal and sample. \`dropPercent\` leaves
samples out (\`counted.left-out\`); \`jitterMs\` moves their times to either side, so that they may arrive out of order.

At \`speed: 1\` samples come at their real time. Any other speed makes a replay that begins at \`startMs\`. While the flow
holds its sources back, live samples are lost and counted (\`dropped.held-back\`), as a real sensor's would be.`,
  settings: z.object({
    signals: z.array(Signal).min(1).max(1000).describe('The signals to make.'),
    dropPercent: z
      .number()
      .min(0)
      .max(100)
      .default(0)
      .describe('Share of samples that are left out, in percent.'),
    jitterMs: z
      .number()
      .min(0)
      .default(0)
      .describe('Samples are moved by up to so many milliseconds, either way.'),
    seed: z.number().int().default(1).describe('Another seed gives other noise, jitter and drops.'),
    speed: z
      .union([z.literal('max'), z.number().positive()])
      .default(1)
      .describe('1 is live. `max` or another factor replays.'),
    startMs: z.number().default(0).describe('Epoch milliseconds of the first sample of a replay.'),
    durationMs: z.number().positive().optional().describe('Ends after so many milliseconds of its own time.'),
  }),
  inputs: 'none',
  outputs: ['out'],
  sharing: 'shared',
  example: {
    settings: {
      signals: [
        { name: 'temperature', shape: 'sine', hz: 10, offset: 60, amplitude: 5, noise: 0.2 },
        { name: 'pressure', shape: 'fault', hz: 10, offset: 4, amplitude: 3, noise: 0.05 },
      ],
    },
  },
  columns: ({ signals }) => columnsOf(signals.map(({ name }) => [name, 'number'] as const)),
  check({ signals }) {
    return signals.flatMap(({ name }, i) =>
      signals.findIndex((other) => other.name === name) < i
        ? [{ pointer: `/signals/${i}/name`, detail: `there are two signals named ${name}: rename one` }]
        : [],
    );
  },
});

export type SimulatorSettings = z.output<typeof kind.settings>;
