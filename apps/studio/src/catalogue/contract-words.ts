/** How a contract is said: ranges, shapes, known answers, where it comes from. Pure. */
import type { Contract, ContractColumn, GoldenVector } from '@millrace/schemas';
import { count, many, value } from '../ui/units.js';

export function rangeSays({ min, max }: Pick<ContractColumn, 'min' | 'max'>): string {
  if (min !== undefined && max !== undefined) return `${value(min)} to ${value(max)}`;
  if (min !== undefined) return `from ${value(min)}`;
  return max === undefined ? '' : `up to ${value(max)}`;
}

/** Of one row; -1 is a length that is free. */
export const shapeSays = (shape: readonly number[] | undefined): string =>
  shape === undefined || shape.length === 0
    ? 'one value'
    : shape.map((length) => (length === -1 ? 'any' : count(length))).join(' × ');

/** `3 vectors, within 0.001`; labels are always exact. */
export function goldenSays(golden: readonly Pick<GoldenVector, 'tolerance'>[]): string {
  if (golden.length === 0) return 'none: a node takes what the model says as it comes';
  const tolerances = golden.map(({ tolerance }) => tolerance);
  const [least, most] = [Math.min(...tolerances), Math.max(...tolerances)];
  const said = many(golden.length, 'vector');
  if (most === 0) return `${said}, exact`;
  return least === most
    ? `${said}, within ${value(most)}`
    : `${said}, within ${value(least)} to ${value(most)}`;
}

/** Nothing of it was told by whoever uploaded: it says what the file says. */
export function isRead(contract: Contract, format: string | undefined): boolean {
  const { columns, outputs, golden, runtime, ...told } = contract;
  return (
    format === 'onnx' &&
    runtime === 'onnx' &&
    columns.length === 0 &&
    golden.length === 0 &&
    outputs.length > 0 &&
    Object.values(told).every((one) => one === undefined)
  );
}

/** The resource and what of it, where a runtime is one of the catalogue. */
export function runtimeIn(runtime: string): { name: string; version?: number } | undefined {
  const said = /^(?:resource:)?([^@:/\s]+)@([^@:/\s]+)$/.exec(runtime);
  const [name, at] = said ? [said[1], said[2]] : [/^resource:([^@:/\s]+)$/.exec(runtime)?.[1], undefined];
  if (name === undefined) return undefined;
  return at !== undefined && /^[1-9]\d*$/.test(at) ? { name, version: Number(at) } : { name };
}
