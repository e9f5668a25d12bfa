/** Behaviour of `scale.standard`: parameters to lines. */
import type { Create } from '@millrace/engine';
import { Lines } from '../linear.js';
import { scaleParameters, type ScaleSettings } from '../parameters.js';

export const create: Create<ScaleSettings & { clip?: number }> = (context) =>
  new Lines(context, () => {
    const { clip = Infinity } = context.settings;
    return scaleParameters(context, ['mean', 'scale']).map(([mean, scale]) => ({
      shift: mean,
      divisor: scale === 0 ? 1 : scale,
      factor: 1,
      offset: 0,
      low: -clip,
      high: clip,
    }));
  });
