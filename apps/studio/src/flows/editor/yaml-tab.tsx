/**
 * The flow as text (CodeMirror): what is typed becomes the document as soon as it can be read, and what is done
 * on the canvas appears here, with the comments of the text kept.
 */
import { defaultKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Annotation, EditorState, type Text } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { readFlow } from '@millrace/flow';
import type { ProblemPlace } from '@millrace/schemas';
import { useEffect, useRef } from 'react';
import type { Draft } from './draft.js';
import classes from './editor.module.css';

interface YamlTabProps {
  draft: Draft;
  text: string;
  problems: readonly ProblemPlace[];
  readOnly: boolean;
  /** A place to go to, such as of a problem. */
  line?: number;
}

/** Of changes that come from the canvas and need not go back. */
const fromCanvas = Annotation.define<boolean>();

export default function YamlTab({ draft, text, problems, readOnly, line }: YamlTabProps) {
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorView>(undefined);

  useEffect(() => {
    const view = new EditorView({
      parent: place.current!,
      state: EditorState.create({ doc: draft.get().text, extensions: extensionsOf(draft, readOnly) }),
    });
    editor.current = view;
    return () => view.destroy();
  }, [draft, readOnly]);

  useEffect(() => {
    const view = editor.current!;
    const now = view.state.doc.toString();
    if (now === text) return;
    view.dispatch({ changes: difference(now, text), annotations: fromCanvas.of(true) });
  }, [text]);

  useEffect(() => {
    const view = editor.current!;
    const { lineOf } = readFlow(view.state.doc.toString());
    const found = problems.map((problem): Diagnostic => {
      const at = problem.line ?? lineOf(problem.pointer ?? '') ?? 1;
      const { from, to } = lineIn(view.state.doc, at);
      return { from, to, severity: 'error', message: problem.detail, source: problem.code };
    });
    view.dispatch(setDiagnostics(view.state, found));
  }, [problems, readOnly, draft]);

  useEffect(() => {
    const view = editor.current!;
    if (line === undefined) return;
    const { from } = lineIn(view.state.doc, line);
    view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) });
    view.focus();
  }, [line]);

  return <div ref={place} className={classes.yaml} />;
}

function extensionsOf(draft: Draft, readOnly: boolean) {
  return [
    lineNumbers(),
    lintGutter(),
    drawSelection(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    indentOnInput(),
    bracketMatching(),
    search({ top: true }),
    yaml(),
    syntaxHighlighting(colours),
    look,
    EditorState.readOnly.of(readOnly),
    EditorView.contentAttributes.of({ 'aria-label': 'The flow as YAML', tabindex: '0' }),
    keymap.of([
      // One undo for canvas and text.
      { key: 'Mod-z', run: () => draft.undo() !== undefined || true },
      { key: 'Mod-Shift-z', run: () => draft.redo() !== undefined || true },
      { key: 'Mod-y', run: () => draft.redo() !== undefined || true },
      ...searchKeymap,
      ...defaultKeymap,
      indentWithTab,
    ]),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged || update.transactions.some((one) => one.annotation(fromCanvas))) return;
      draft.write(update.state.doc.toString());
    }),
  ];
}

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: [tags.string, tags.content], color: 'var(--text)' },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: 'var(--look)' },
  { tag: tags.comment, color: 'var(--text-3)', fontStyle: 'italic' },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: 'var(--text-2)' },
]);

const look = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--card)', color: 'var(--text)', fontSize: '12px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '18px' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--text-3)', border: '0' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--hover) 50%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--hover)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 25%, transparent) !important',
  },
  '.cm-panels, .cm-tooltip': {
    backgroundColor: 'var(--card)',
    color: 'var(--text)',
    borderColor: 'var(--line)',
  },
  '.cm-selectionMatch': { backgroundColor: 'var(--accent-soft)' },
});

/** Only what differs, so that the cursor stays where it is. */
function difference(now: string, next: string): { from: number; to: number; insert: string } {
  const least = Math.min(now.length, next.length);
  let from = 0;
  while (from < least && now[from] === next[from]) from += 1;
  let end = 0;
  while (end < least - from && now[now.length - 1 - end] === next[next.length - 1 - end]) end += 1;
  return { from, to: now.length - end, insert: next.slice(from, next.length - end) };
}

const lineIn = (doc: Text, line: number) => doc.line(Math.max(1, Math.min(doc.lines, line)));
