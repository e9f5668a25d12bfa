/** `1,10%,100%`, as it is typed for deployments and promotions. */
import type { Wave } from '@millrace/schemas';
import { UsageError } from './usage.js';

export function wavesOf(text: string): Wave[] {
  return text.split(',').map((wave) => {
    const trimmed = wave.trim();
    if (/^\d+$/.test(trimmed)) return Number(trimmed);
    if (/^\d+(?:\.\d+)?%$/.test(trimmed)) return trimmed;
    throw new UsageError(`--waves takes numbers and percentages, such as 1,10%,100%, and not "${trimmed}".`);
  });
}
