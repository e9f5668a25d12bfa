/**
 * Behaviour of `scale.minmax`: parameters to lines, in the arithmetic of scikit-learn. Range and limits are the
 * flow's where it says them, else those that the scaler was fitted with.
 */
import type { Create } from '@millrace/engine';
import { Failure } from '@millrace/schemas';
import { Lines } from '../linear.js';
import { scaleParameters, type ColumnParameters, type ScaleSettings } from '../parameters.js';

type Range = [number, number];
type Settings = ScaleSettings & { featureRange?: Range; clip?: boolean };

export const create: Create<Settings> = (context) =>
  new Lines(context, context.settings.columns, () =>
    scaleParameters(context, ['min', 'max']).map((column) => {
      const [min, max] = column.numbers;
      const [low, high] = context.settings.featureRange ?? fittedRange(column);
      const clip = context.settings.clip ?? column.entry.clip === true;
      const factor = (high - low) / (max === min ? 1 : max - min);
      return {
        shift: 0,
        divisor: 1,
        factor,
        offset: low - min * factor,
        low: clip ? low : -Infinity,
        high: clip ? high : Infinity,
      };
    }),
  );

function fittedRange({ entry: { featureRange = [0, 1] }, place }: ColumnParameters): Range {
  const [low, high] = Array.isArray(featureRange) ? (featureRange as unknown[]) : [];
  if (Number.isFinite(low) && Number.isFinite(high) && (low as number) < (high as number))
    return [low as number, high as number];
  throw new Failure(
    'engine.parameters-missing',
    `${place}: featureRange is no pair of numbers, the lower one first, such as [0, 1].`,
  );
}
