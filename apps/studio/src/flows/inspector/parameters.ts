/** Edits of a flow's parameters. Pure; what does not change stays the same object. */
import { mapStrings, parameterFromText } from '@millrace/flow';
import { PARAMETER_NAME, type FlowDocument, type FlowParameter } from '@millrace/schemas';

type Parameters = NonNullable<FlowDocument['parameters']>;

const TYPES: readonly FlowParameter['type'][] = ['number', 'integer', 'string', 'boolean', 'secret'];
export const PARAMETER_TYPES = TYPES;

const withParameters = (document: FlowDocument, parameters: Parameters): FlowDocument => {
  const { parameters: _before, modules, layout, ...rest } = document;
  // In the order in which one reads a flow: parameters before what uses them.
  return {
    ...rest,
    ...(Object.keys(parameters).length > 0 && { parameters }),
    modules,
    ...(layout !== undefined && { layout }),
  };
};

export function addParameter(document: FlowDocument): { document: FlowDocument; name: string } {
  const before = document.parameters ?? {};
  let name = 'parameter';
  for (let number = 2; Object.hasOwn(before, name); number++) name = `parameter${number}`;
  return { name, document: withParameters(document, { ...before, [name]: { type: 'number' } }) };
}

export function removeParameter(document: FlowDocument, name: string): FlowDocument {
  const { [name]: _gone, ...rest } = document.parameters ?? {};
  return withParameters(document, rest);
}

/** Undefined takes a thing away. */
export function setParameter(
  document: FlowDocument,
  name: string,
  change: { [K in keyof FlowParameter]?: FlowParameter[K] | undefined },
): FlowDocument {
  const before = document.parameters?.[name];
  if (before === undefined) return document;
  const entries = Object.entries({ ...before, ...change }).filter(([, value]) => value !== undefined);
  return withParameters(document, {
    ...document.parameters,
    [name]: Object.fromEntries(entries) as unknown as FlowParameter,
  });
}

/** Another type, with the default that it still can have; a secret has none. */
export function typedParameter(
  document: FlowDocument,
  name: string,
  type: FlowParameter['type'],
): FlowDocument {
  const before = document.parameters?.[name]?.default;
  const read = before === undefined ? undefined : parameterFromText({ type }, String(before));
  return setParameter(document, name, { type, default: type === 'secret' ? undefined : read });
}

/** As it was typed: what is none of its type is kept as a text, and told by the check. */
export function defaultFromText(parameter: FlowParameter, text: string): FlowParameter['default'] {
  if (text === '') return undefined;
  return parameterFromText(parameter, text) ?? text;
}

/** Why the name may not be, or nothing. */
export function wrongName(document: FlowDocument, from: string, to: string): string | undefined {
  if (from === to) return undefined;
  if (!PARAMETER_NAME.test(to)) return 'A name is letters, digits and underscores, a letter first.';
  return Object.hasOwn(document.parameters ?? {}, to) ? `There is a parameter ${to} already.` : undefined;
}

const USE = /\$(\$?)\{([^{}]*)\}/g;

/** In its place, with all its uses. */
export function renameParameter(document: FlowDocument, from: string, to: string): FlowDocument {
  if (from === to || wrongName(document, from, to) !== undefined) return document;
  const parameters = Object.fromEntries(
    Object.entries(document.parameters ?? {}).map(([name, value]) => [name === from ? to : name, value]),
  );
  const modules = Object.fromEntries(
    Object.entries(document.modules).map(([id, module]) => {
      if (usesIn(module.settings, from) === 0) return [id, module];
      const settings = mapStrings(module.settings, (text) =>
        text.replace(USE, (all, plain: string, name: string) =>
          plain === '' && name.trim() === from ? `\${${to}}` : all,
        ),
      ) as typeof module.settings;
      return [id, { ...module, settings }];
    }),
  );
  return withParameters({ ...document, modules }, parameters);
}

/** How many settings name it. */
export const usesOf = ({ modules }: FlowDocument, name: string): number =>
  Object.values(modules).reduce((all, { settings }) => all + usesIn(settings, name), 0);

function usesIn(settings: unknown, name: string): number {
  let count = 0;
  mapStrings(settings, (text) => {
    for (const [, plain, used] of text.matchAll(USE)) if (plain === '' && used?.trim() === name) count += 1;
    return text;
  });
  return count;
}
