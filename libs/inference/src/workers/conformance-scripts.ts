/** The script of the conformance kit in each language; what it must do stands in conformance.ts. */
import type { RuntimeLanguage } from '@millrace/schemas';
import type { Rig } from './conformance.js';

type Script = Pick<Rig, 'file' | 'script' | 'array' | 'class'>;

const python = `# -*- coding: utf-8 -*-
from __future__ import print_function
import subprocess, sys

state = {}

def load(context):
    if context.settings.get("do") == "unready":
        raise ValueError("not today")
    context.log("loaded")
    state["settings"] = context.settings
    state["model"] = context.path("model")

def deep():
    raise ValueError("boom 7")

def predict(rows):
    do = state["settings"]["do"]
    if do == "both":
        return [{"result": row["a"] + row["b"], "label": row["name"]} for row in rows]
    if do == "vector":
        return [[row["a"], row["b"]] for row in rows]
    if do == "texts":
        return [row["name"] for row in rows]
    if do == "truths":
        return [row["a"] > 0 for row in rows]
    if do == "columns":
        return {"result": [row["a"] + row["b"] for row in rows], "label": [row["name"] for row in rows]}
    if do == "print":
        for row in rows:
            print("printed %d" % row["a"])
        sys.stdout.flush()
        subprocess.check_call(["sh", "-c", "echo from a child"])
    if do == "raise":
        deep()
    if do == "few":
        return [row["a"] for row in rows][1:]
    if do == "nothing":
        return [None] + [row["a"] for row in rows][1:]
    if do == "settings":
        return [row["a"] * state["settings"]["factor"] for row in rows]
    if do == "path":
        return [open(state["model"]).read() for _ in rows]
    if do == "window":
        return [row["a"][-1] + sum(row["b"]) for row in rows]
    return [row["a"] for row in rows]
`;

const javascript = `
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

let settings, model;

export function load(context) {
  if (context.settings.do === 'unready') throw new Error('not today');
  context.log('loaded');
  settings = context.settings;
  model = context.path('model');
}

function deep() {
  throw new Error('boom 7');
}

export async function predict(rows) {
  const { do: doing, factor } = settings;
  if (doing === 'both') return rows.map(({ a, b, name }) => ({ result: a + b, label: name }));
  if (doing === 'vector') return rows.map(({ a, b }) => [a, b]);
  if (doing === 'texts') return rows.map(({ name }) => name);
  if (doing === 'truths') return rows.map(({ a }) => a > 0);
  if (doing === 'columns')
    return { result: rows.map(({ a, b }) => a + b), label: rows.map(({ name }) => name) };
  if (doing === 'print') {
    for (const { a } of rows) console.log('printed ' + a);
    execFileSync('sh', ['-c', 'echo from a child'], { stdio: 'inherit' });
  }
  if (doing === 'raise') deep();
  if (doing === 'few') return rows.slice(1).map(({ a }) => a);
  if (doing === 'nothing') return rows.map(({ a }, i) => (i === 0 ? null : a));
  if (doing === 'settings') return rows.map(({ a }) => a * factor);
  if (doing === 'path') return rows.map(() => readFileSync(model, 'utf8'));
  if (doing === 'window') return rows.map(({ a, b }) => a.at(-1) + b.reduce((x, y) => x + y, 0));
  return rows.map(({ a }) => a);
}
`;

const r = `state <- new.env()

load <- function(context) {
  if (identical(context$settings$do, "unready")) stop("not today")
  context$log("loaded")
  state$settings <- context$settings
  state$model <- context$path("model")
}

deep <- function() stop("boom 7")

predict_rows <- function(rows) {
  a <- if (is.matrix(rows)) rows[, 1] else rows$a
  switch(state$settings$do,
    both = data.frame(result = rows$a + rows$b, label = rows$name),
    columns = list(result = rows$a + rows$b, label = factor(rows$name)),
    vector = cbind(rows$a, rows$b),
    texts = rows$name,
    truths = rows$a > 0,
    print = {
      for (one in a) print(paste("printed", one))
      system("echo from a child")
      a
    },
    raise = deep(),
    few = a[-1],
    nothing = c(NA, a[-1]),
    settings = a * state$settings$factor,
    path = rep(readLines(state$model, warn = FALSE), length(a)),
    window = vapply(rows$a, function(one) one[3], 0) + vapply(rows$b, sum, 0),
    a
  )
}
`;
const java = ``;
const julia = ``;

export const scripts: Record<RuntimeLanguage, Script> = {
  python: { file: 'script.py', script: python },
  javascript: {
    file: 'script.mjs',
    script: javascript,
    array: (script) => `${script.replace('rows.map(({ a }) => a);', 'rows.map(([a]) => a);')}
export const ROWS = 'array';`,
  },
  r: { file: 'script.R', script: r, array: (script) => `${script}ROWS <- "array"\n` },
  java: { file: 'Script.java', script: java, class: 'Script' },
  julia: { file: 'script.jl', script: julia },
};
