/** Behaviour of `scale.minmax`: parameters to lines, in the arithmetic of scikit-learn. */
import type { Create } from '@millrace/engine';
import { Lines } from '../linear.js';
import { scaleParameters, type ScaleSettings } from '../parameters.js';

export const create: Create<ScaleSettings & { featureRange: [number, number]; clip: boolean }> = (context) =>
  new Lines(context, context.settings.columns, () => {
    const { featureRange, clip } = context.settings;
    const [low, high] = featureRange;
    return scaleParameters(context, ['min', 'max']).map(([min, max]) => {
      const factor = (high - low) / (max === min ? 1 : max - min);
      return {
        shift: 0,
        divisor: 1,
        factor,
        offset: low - min * factor,
        low: clip ? low : -Infinity,
        high: clip ? high : Infinity,
      };
    });
  });
