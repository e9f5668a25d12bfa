/**
 * Requirements that stand in a flow become a runtime when it is published: resolved by the pip of this machine, locked
 * with hashes, kept in the catalogue under a name of their own.
 *
 * Guarantee: resolved once for one set of requirements, outside of any transaction; no host of an index gets into a
 * lock. Without Python here it is refused, with the other way to do it.
 */
import { Injectable } from '@nestjs/common';
import { flowRequirements, withRuntimes } from '@millrace/flow';
import { pythonManifest, requirementsName, resolvePython, type Resolved } from '@millrace/inference';
import { Failure, type FlowDocument, type RuntimeManifest } from '@millrace/schemas';
import type { Caller } from '../platform/http/request.js';
import { LockedRuntimes } from '../catalogue/locked-runtimes.js';
import { Database, type SqlTx } from '../platform/database/database.js';

/** Whoever publishes waits for it. */
const RESOLVE_MS = 120_000;

@Injectable()
export class FlowRequirements {
  constructor(
    private readonly database: Database,
    private readonly runtimes: LockedRuntimes,
  ) {}

  /** Makes the runtimes that are not there yet. */
  async settle(who: Caller, document: FlowDocument): Promise<void> {
    for (const { module, pointer, requirements } of flowRequirements(document)) {
      const name = requirementsName(requirements);
      const find = (tx: SqlTx) => this.runtimes.find(tx, name);
      if ((await this.database.withinSql(who.organization, find)) !== undefined) continue;
      try {
        const manifest = await resolved(requirements);
        await this.runtimes.make(who, name, manifest, `For ${requirements.join(', ')}`.slice(0, 1_000));
      } catch (error) {
        if (!(error instanceof Failure) || error.row.kind !== 'refusal') throw error;
        const detail = `The requirements of ${module} cannot be locked. ${error.message}`;
        throw new Failure('flows.invalid', detail, {
          errors: [{ code: error.code, module, pointer, detail: error.message }],
        });
      }
    }
  }

  /** With the runtimes that there are. */
  async settled(tx: SqlTx, document: FlowDocument): Promise<FlowDocument> {
    const known = new Map<string, string>();
    for (const { requirements } of flowRequirements(document)) {
      const name = requirementsName(requirements);
      const version = await this.runtimes.find(tx, name);
      if (version !== undefined) known.set(name, `resource:${name}@${version}`);
    }
    return withRuntimes(document, ({ requirements }) => known.get(requirementsName(requirements)));
  }
}

/** For this machine; and for the other processors of Linux, where there are wheels for them. */
async function resolved(requirements: readonly string[]): Promise<RuntimeManifest> {
  const own = await resolvePython({ requirements, deadlineMs: RESOLVE_MS });
  const variants = [own.variant];
  for (const processor of ['x64', 'arm64'] as const) {
    if (own.variant.system === 'linux' && own.variant.processor === processor) continue;
    const platform = { system: 'linux' as const, processor };
    const other: Resolved | undefined = await resolvePython({
      requirements,
      platform,
      python: own.python,
      deadlineMs: RESOLVE_MS,
    }).catch(() => undefined);
    if (other !== undefined) variants.push(other.variant);
  }
  return pythonManifest(own.python, variants);
}
