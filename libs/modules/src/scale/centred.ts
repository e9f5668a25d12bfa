/** The scalers of the form `(x - centre) / scale`, which differ only in what the centre is called. */
import type { Create } from '@millrace/engine';
import { Lines } from './linear.js';
import { scaleParameters, type ScaleSettings } from './parameters.js';

/** `centre` is the parameter's name: `mean`, `center`. A scale of 0 counts as 1, as in scikit-learn. */
export const centred =
  (centre: string): Create<ScaleSettings & { clip?: number }> =>
  (context) =>
    new Lines(context, context.settings.columns, () => {
      const { clip = Infinity } = context.settings;
      return scaleParameters(context, [centre, 'scale']).map(({ numbers: [shift, scale] }) => ({
        shift,
        divisor: scale === 0 ? 1 : scale,
        factor: 1,
        offset: 0,
        low: -clip,
        high: clip,
      }));
    });
