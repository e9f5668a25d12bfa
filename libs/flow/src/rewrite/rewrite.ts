/**
 * The text of a flow after an edit on the canvas: the text that a person wrote, with only what changed
 * written anew.
 *
 * Guarantee: what comes out reads back as exactly the document, whatever the text was. Where nothing changed
 * every character stays: comments, order, quotes, layout. JSON stays JSON. A text that cannot be read, or
 * whose tricks cannot be edited in place, is written from new.
 */
import { isAlias, isNode, parseDocument, visit, type Document, type Node } from 'yaml';
import type { FlowDocument } from '@millrace/schemas';
import { same, isRecord } from '../same.js';
import { duplicateNames } from '../text.js';
import { freshFlow } from './fresh.js';
import { splice } from './splice.js';

interface Parsed {
  text: string;
  root: Node;
  value: unknown;
  document: Document.Parsed;
}

/**
 * What was written last: an editor's next edit begins with it, and reading 500 modules takes longer than all
 * the rest.
 */
let last: Parsed | undefined;

export function rewriteFlow(text: string | null, document: FlowDocument): string {
  const parsed = text === null ? undefined : parse(text);
  if (parsed === undefined) return fresh(document);
  if (same(parsed.value, document)) return parsed.text;
  return edited(parsed, document) ?? edited(withoutAliases(parsed), document) ?? fresh(document);
}

function edited(parsed: Parsed | undefined, document: FlowDocument): string | undefined {
  if (parsed === undefined) return undefined;
  const { text, root, value } = parsed;
  const json = isJson(text);
  const unit = /^\s*\{\r?\n([ \t]+)/.exec(text)?.[1] ?? '';
  const result = splice(text, root, value, document, { json, unit });
  if (json && !isJson(result)) return `${JSON.stringify(document, null, unit)}\n`;
  const again = parse(result);
  return again !== undefined && same(again.value, document) ? result : undefined;
}

/** The clean text; JSON, which YAML contains, for what even that could not say. */
function fresh(document: FlowDocument): string {
  const text = freshFlow(document);
  const parsed = parse(text);
  return parsed !== undefined && same(parsed.value, document)
    ? text
    : `${JSON.stringify(document, null, 2)}\n`;
}

/** Undefined for what is no set of names and values, or cannot be read. */
function parse(text: string): Parsed | undefined {
  if (last?.text === text) return last;
  try {
    const document = parseDocument(text, {
      stringKeys: true,
      uniqueKeys: false,
      prettyErrors: false,
      schema: 'core',
    });
    if (document.errors.length > 0 || !isNode(document.contents)) return undefined;
    if (duplicateNames(document.contents).length > 0) return undefined;
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (!isRecord(value)) return undefined;
    last = { text, root: document.contents, value, document };
    return last;
  } catch {
    return undefined;
  }
}

/** The same value with every alias written out, so that each place can be changed alone. */
function withoutAliases({ text, document }: Parsed): Parsed | undefined {
  if (!/[&*]/.test(text)) return undefined;
  last = undefined; // Its document is about to change.
  try {
    visit(document, {
      Alias: (_, alias) => {
        const source = alias.resolve(document);
        return isNode(source) ? (source.clone() as Node) : undefined;
      },
    });
    visit(document, {
      Node: (_, node) => {
        if (!isAlias(node)) delete (node as { anchor?: string }).anchor;
      },
    });
    return parse(document.toString({ lineWidth: 0 }));
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  if (!/^\s*\{/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
