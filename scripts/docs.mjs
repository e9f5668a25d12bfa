// Writes what is generated: docs/modules.md from the declarations of the modules, docs/api/openapi.json from a
// running director (openapi.mjs). With --check it writes nothing and fails when a document is not up to date.
// Needs a build; the guards in test/guards make the same documents from the sources.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { openApiOfDirector, openApiPage } from './openapi.mjs';

export const page = fileURLToPath(new URL('../docs/modules.md', import.meta.url));

const CATEGORIES = {
  source: 'Sources',
  clean: 'Cleaning',
  map: 'Fields',
  scale: 'Scaling',
  align: 'Alignment',
  feature: 'Features',
  model: 'Models',
  route: 'Routing',
  act: 'Acting',
  sink: 'Sinks',
  debug: 'Looking',
};

/** The whole page for a catalogue of kinds. */
export function modulesPage(kinds) {
  const groups = Object.entries(CATEGORIES)
    .map(([category, title]) => ({
      title,
      kinds: [...kinds.values()].filter((kind) => kind.category === category).sort(byType),
    }))
    .filter((group) => group.kinds.length > 0);
  const contents = groups.map(
    ({ title, kinds: list }) =>
      `- ${title}: ${list.map(({ type }) => `[${type}](#${anchor(type)})`).join(', ')}`,
  );
  return [
    '# Modules',
    '',
    '<!-- Written by `npm run docs` from the modules themselves. Change their kind.ts, not this page. -->',
    '',
    'Every module also takes `onError` (`stop`, `skip` or `port`) and `queue` (`size`, and `full`: `block`, `dropOldest` or',
    '`dropNewest`), and counts what came in, what left, bytes, errors, what it dropped by reason, and its latency.',
    '',
    ...contents,
    '',
    ...groups.flatMap(({ title, kinds: list }) => [`## ${title}`, '', ...list.flatMap(section)]),
  ]
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()
    .concat('\n');
}

function section(kind) {
  const schema = z.toJSONSchema(kind.settings, { io: 'input', unrepresentable: 'any' });
  const ports = [
    kind.inputs === 'none' ? 'no input' : kind.inputs === 'one' ? 'one wire in' : 'one or more wires in',
    kind.outputs.length === 0
      ? 'nothing leaves'
      : `leaves by ${kind.outputs.map((port) => `\`${port}\``).join(', ')}`,
    ...(kind.sharing === undefined
      ? []
      : [kind.sharing === 'shared' ? 'two versions may read at once' : 'one version reads at a time']),
  ];
  return [
    `### ${kind.type}`,
    '',
    `**${kind.title}.** ${kind.summary} Ports: ${ports.join('; ')}.`,
    '',
    kind.docs.trim(),
    '',
    '| setting | type | default | |',
    '| --- | --- | --- | --- |',
    ...settings(schema),
    '',
    '```yaml',
    ...yaml({ [exampleId(kind)]: example(kind) }),
    '```',
    '',
    ...(kind.example.note === undefined ? [] : [kind.example.note, '']),
  ];
}

/** A row a setting; objects inside are shown with dotted names. */
function settings(schema, prefix = '') {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).flatMap(([name, setting]) => {
    const inner = setting.type === 'array' ? setting.items : setting;
    const mark = required.has(name) ? ' **required**' : '';
    const cells = [
      `\`${prefix}${name}\`${mark}`,
      typeText(setting),
      setting.default === undefined ? '' : `\`${JSON.stringify(setting.default)}\``,
      setting.description ?? '',
    ];
    const row = `| ${cells.map(cell).join(' | ')} |`;
    const nested =
      inner?.properties === undefined
        ? []
        : settings(inner, `${prefix}${name}${setting.type === 'array' ? '[]' : ''}.`);
    return [row, ...nested];
  });
}

function typeText(schema) {
  if (schema === undefined || schema === true) return 'any';
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((one) => `\`${one}\``).join(', ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map(typeText))].join(' or ');
  if (schema.type === 'array') {
    const items = schema.prefixItems?.map(typeText).join(', ') ?? typeText(schema.items);
    return `list of ${items}`;
  }
  if (schema.type === 'object') {
    if (schema.properties !== undefined) return `{ ${Object.keys(schema.properties).join(', ')} }`;
    return `${typeText(schema.additionalProperties)} by name`;
  }
  return [limits(schema), schema.type ?? 'any'].filter(Boolean).join(' ');
}

function limits(schema) {
  // zod writes the limits of safe integers for every integer; they say nothing.
  const real = (limit) => limit !== undefined && Math.abs(limit) < Number.MAX_SAFE_INTEGER;
  const above = schema.exclusiveMinimum;
  if (above !== undefined) return `> ${above}`;
  if (real(schema.minimum) && real(schema.maximum)) return `${schema.minimum} to ${schema.maximum}`;
  return real(schema.minimum) ? `>= ${schema.minimum}` : '';
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const byType = (a, b) => (a.type < b.type ? -1 : 1);
const anchor = (type) => type.replaceAll('.', '');

/** A module's id in its own example: the second word of its type. */
function exampleId(kind) {
  return kind.type.split('.')[1];
}

function example(kind) {
  return {
    type: kind.type,
    ...(kind.inputs === 'none' ? {} : { from: ['readings'] }),
    settings: kind.example.settings,
  };
}

/** Enough YAML for settings: nested maps in blocks, lists and small maps in a line. */
function yaml(value, indent = '') {
  return Object.entries(value).flatMap(([key, inner]) => {
    const name = /^[A-Za-z_][\w.]*$/.test(key) ? key : JSON.stringify(key);
    if (inner !== null && typeof inner === 'object' && !Array.isArray(inner) && flow(inner).length > 70) {
      return [`${indent}${name}:`, ...yaml(inner, `${indent}  `)];
    }
    if (Array.isArray(inner) && flow(inner).length > 70) {
      return [`${indent}${name}:`, ...inner.map((item) => `${indent}  - ${flow(item)}`)];
    }
    return [`${indent}${name}: ${flow(inner)}`];
  });
}

function flow(value) {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (value !== null && typeof value === 'object') {
    const inner = Object.entries(value).map(([key, one]) => `${key}: ${flow(one)}`);
    return inner.length === 0 ? '{}' : `{ ${inner.join(', ')} }`;
  }
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^[A-Za-z_][\w./-]*$/.test(value) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value)
    ? value
    : JSON.stringify(value);
}

/** Every generated document: where it lies and what it should say. */
async function documents() {
  const { kinds } = await import('../libs/modules/dist/kinds.js');
  return [
    [page, modulesPage(kinds)],
    [openApiPage, await openApiOfDirector()],
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of await documents()) {
    const name = relative(fileURLToPath(new URL('..', import.meta.url)), path);
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
    if (process.argv.includes('--check')) {
      console.error(`${name} is not up to date: run npm run docs`);
      process.exitCode = 1;
    } else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      console.log(`${name} written`);
    }
  }
}
