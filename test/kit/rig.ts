/**
 * A flow of a few modules under test, run by the real engine in a temporary folder, with what leaves each
 * module written down. Made for sources and sinks, whose surroundings are files and brokers.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { catalogueOf, type ModuleKind } from '@millrace/flow';
import {
  FlowRun,
  toRecord,
  type Behaviours,
  type Clock,
  type Create,
  type DirectorMessage,
  type Host,
  type PlainRecord,
} from '@millrace/engine';
import type { FlowDocument, FlowModule } from '@millrace/schemas';

export interface Part {
  kind: ModuleKind;
  create: Create;
}

/** What a test names of a module; the rest of a part comes from its kind. */
export function part<S>(kind: { type: string }, create: Create<S>): Part {
  return { kind: kind as ModuleKind, create: create as Create };
}

export interface Rig {
  run: FlowRun;
  host: Host;
  /** What left a module by its first port. */
  out: Record<string, PlainRecord[]>;
  /** What left it by the port `error`. */
  errors: Record<string, PlainRecord[]>;
  logs: string[];
}

export function rig(
  parts: readonly Part[],
  modules: Record<string, FlowModule>,
  more: {
    folder: string;
    clock?: Clock;
    toDirector?: (message: DirectorMessage) => Promise<void>;
    host?: Host;
  },
): Rig {
  const document: FlowDocument = {
    apiVersion: 'millrace/v1',
    kind: 'Flow',
    metadata: { name: 'rig' },
    modules,
  };
  const host: Host = more.host ?? {
    path: (file) => path.resolve(more.folder, file),
    resource: (reference) => ({
      path: path.join(more.folder, reference.replace('resource:', '')),
      name: reference,
      version: null,
      digest: null,
    }),
    workFolder: more.folder,
    toDirector: more.toDirector,
    flow: { name: 'rig', version: 1 },
  };
  const logs: string[] = [];
  const behaviours: Behaviours = new Map(parts.map(({ kind, create }) => [kind.type, create]));
  const run = new FlowRun({
    document,
    kinds: catalogueOf(parts.map(({ kind }) => kind)),
    behaviours,
    host,
    clock: more.clock,
    log: (level, module, message) => logs.push(`${level} ${module}: ${message}`),
  });
  const out: Rig['out'] = {};
  const errors: Rig['errors'] = {};
  for (const unit of run.units) {
    const kept: PlainRecord[] = (out[unit.id] = []);
    const failed: PlainRecord[] = (errors[unit.id] = []);
    const kind = parts.find((one) => one.kind.type === unit.type)!.kind;
    run.tap(unit.id, (batch, port) => {
      const list = port < kind.outputs.length ? kept : failed;
      for (let row = 0; row < batch.n; row++) list.push(toRecord(batch, row));
    });
  }
  return { run, host, out, errors, logs };
}

/** Waits until a condition holds; the bound is for a machine that does many things at once. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms = 20_000,
): Promise<void> {
  const end = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A folder of a test's own, and how to remove it. */
export function temporary(): { folder: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'millrace-rig-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
