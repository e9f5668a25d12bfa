/** Parameters of flows as a form edits them: text in, typed values out. Pure. */
import type { FlowParameter, FlowParameters, ParameterValue } from '@millrace/schemas';

/** Undefined: it is not set here, so what stands further out holds. Throws what is wrong in words. */
export function valueOf(type: FlowParameter['type'], text: string): ParameterValue | undefined {
  const said = text.trim();
  if (said === '') return undefined;
  if (type === 'boolean') {
    if (said === 'true' || said === 'false') return said === 'true';
    throw new Error('It is true or false');
  }
  if (type !== 'number' && type !== 'integer') return text;
  const number = Number(said);
  if (!Number.isFinite(number)) throw new Error('It is a number, such as 1.5');
  if (type === 'integer' && !Number.isInteger(number)) throw new Error('It is a whole number');
  return number;
}

/** What is wrong with the text, or nothing. */
export function wrongOf(type: FlowParameter['type'], text: string): string | undefined {
  try {
    valueOf(type, text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** With one value set, or not set any more; a flow without any is left out. */
export function withValue(
  all: FlowParameters,
  flow: string,
  name: string,
  value: ParameterValue | undefined,
): FlowParameters {
  const its = { ...all[flow] };
  if (value === undefined) delete its[name];
  else its[name] = value;
  const next = { ...all };
  if (Object.keys(its).length === 0) delete next[flow];
  else next[flow] = its;
  return next;
}

/** The type of a parameter that its flow does not declare: that of its value. */
export const typeOf = (value: ParameterValue): FlowParameter['type'] =>
  typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'string';
