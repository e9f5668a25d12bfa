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
const java = `import java.nio.file.*;
import java.util.*;
import java.util.stream.*;

public class Script {
  public interface Context {
    String path(String name);
    Map<String, Object> settings();
    void log(String text);
  }

  private Map<String, Object> settings;
  private String model;

  public void load(Context context) {
    if ("unready".equals(context.settings().get("do"))) throw new IllegalStateException("not today");
    context.log("loaded");
    settings = context.settings();
    model = context.path("model");
  }

  private static Object deep() {
    throw new IllegalStateException("boom 7");
  }

  private static double a(Map<String, Object> row) {
    return (Double) row.get("a");
  }

  private static double b(Map<String, Object> row) {
    return (Double) row.get("b");
  }

  public Object predict(List<Map<String, Object>> rows) throws Exception {
    switch (String.valueOf(settings.get("do"))) {
      case "both":
        return rows.stream().map(row -> Map.of("result", a(row) + b(row), "label", row.get("name"))).collect(Collectors.toList());
      case "vector":
        return rows.stream().map(row -> new double[] {a(row), b(row)}).toArray();
      case "texts":
        return rows.stream().map(row -> (String) row.get("name")).toArray(String[]::new);
      case "truths":
        return rows.stream().map(row -> a(row) > 0).collect(Collectors.toList());
      case "columns":
        return Map.of(
            "result", rows.stream().mapToDouble(row -> a(row) + b(row)).toArray(),
            "label", rows.stream().map(row -> row.get("name")).collect(Collectors.toList()));
      case "print":
        for (Map<String, Object> row : rows) System.out.println("printed " + (int) a(row));
        new ProcessBuilder("sh", "-c", "echo from a child").inheritIO().start().waitFor();
        break;
      case "raise":
        return deep();
      case "few":
        return rows.stream().skip(1).mapToDouble(row -> a(row)).toArray();
      case "nothing":
        return IntStream.range(0, rows.size()).mapToObj(i -> i == 0 ? null : (Object) a(rows.get(i))).toArray();
      case "settings":
        return rows.stream().mapToDouble(row -> a(row) * (Double) settings.get("factor")).toArray();
      case "path":
        String text = Files.readString(Path.of(model));
        return rows.stream().map(row -> text).toArray();
      case "window":
        return rows.stream().mapToDouble(row -> {
          double[] a = (double[]) row.get("a");
          return a[a.length - 1] + Arrays.stream((double[]) row.get("b")).sum();
        }).toArray();
    }
    return rows.stream().mapToDouble(row -> a(row)).toArray();
  }
}
`;
const julia = `state = Dict{String,Any}()

function load(context)
    get(context.settings, "do", "") == "unready" && error("not today")
    context.log("loaded")
    state["settings"] = context.settings
    state["model"] = context.path("model")
end

deep() = error("boom 7")

function predict(rows)
    doing = state["settings"]["do"]
    doing == "both" && return [Dict("result" => row["a"] + row["b"], "label" => row["name"]) for row in rows]
    doing == "vector" && return [[row["a"], row["b"]] for row in rows]
    doing == "texts" && return [row["name"] for row in rows]
    doing == "truths" && return [row["a"] > 0 for row in rows]
    if doing == "columns"
        return Dict("result" => [row["a"] + row["b"] for row in rows], "label" => [row["name"] for row in rows])
    end
    if doing == "print"
        for row in rows
            println("printed ", Int(row["a"]))
        end
        run(pipeline(Cmd(["sh", "-c", "echo from a child"]), stdout = stdout))
    end
    doing == "raise" && deep()
    doing == "few" && return [row["a"] for row in rows][2:end]
    doing == "nothing" && return [i == 1 ? nothing : row["a"] for (i, row) in enumerate(rows)]
    doing == "settings" && return [row["a"] * state["settings"]["factor"] for row in rows]
    doing == "path" && return [read(state["model"], String) for _ in rows]
    doing == "window" && return [row["a"][end] + sum(row["b"]) for row in rows]
    return [row["a"] for row in rows]
end
`;

export const scripts: Record<RuntimeLanguage, Script> = {
  python: {
    file: 'script.py',
    script: python,
    array: (script) =>
      `${script.replace('return [row["a"] for row in rows]\n', 'return rows[:, 0]\n')}\nROWS = "array"\n`,
  },
  javascript: {
    file: 'script.mjs',
    script: javascript,
    array: (script) => `${script.replace('rows.map(({ a }) => a);', 'rows.map(([a]) => a);')}
export const ROWS = 'array';`,
  },
  r: { file: 'script.R', script: r, array: (script) => `${script}ROWS <- "array"\n` },
  java: {
    file: 'Script.java',
    script: java,
    class: 'Script',
    array: (script) =>
      script.replace(
        /  public Object predict[^]*$/,
        '  public double[] predict(double[][] rows) { return Arrays.stream(rows).mapToDouble(row -> row[0]).toArray(); }\n}\n',
      ),
  },
  julia: {
    file: 'script.jl',
    script: julia,
    array: (script) =>
      `${script.replace('[row["a"] for row in rows]\nend', 'rows[:, 1]\nend')}ROWS = "array"\n`,
  },
};
