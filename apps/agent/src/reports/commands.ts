/**
 * Commands of the director to this node: signed, with an id and a deadline. Never the way to deploy.
 *
 * Guarantee: a command that is not signed by the organization, for another node, late, or heard before does
 * nothing. What cannot be done is answered in a sentence.
 */
import { canonicalBytes } from '@millrace/fleet';
import {
  LogsArguments,
  RECORDING_BYTES,
  RecordingArguments,
  TapArguments,
  type Command,
  type NodeRecording,
  type Reply,
  type SignedCommand,
} from '@millrace/schemas';
import { readRecording } from '@millrace/modules';
import type { z } from 'zod';
import type { Identity } from '../identity/identity.js';
import { verifySignature } from '../identity/keys.js';
import type { FlowLogs } from './flow-logs.js';
import type { Taps } from './taps.js';

/** Ids of commands that were heard; a command's deadline is short, so few are needed. */
const REMEMBERED = 1_000;

export interface CommandOptions {
  identity: Identity;
  /** Epoch milliseconds by which deadlines are judged. */
  trustedNow(): number;
  restart(flow: string): Promise<boolean>;
  hasFlow(flow: string): boolean;
  /** The folder of a flow's own files. */
  workFolder(flow: string): string;
  logs: Pick<FlowLogs, 'has' | 'read'>;
  taps: Pick<Taps, 'tap'>;
}

type Answer = Pick<Reply, 'detail' | 'result'> & { ok: boolean };
type Does = Record<Command['verb'], (command: Command) => Promise<Answer> | Answer>;

export function commandHandler({
  identity,
  trustedNow,
  restart,
  hasFlow,
  workFolder,
  logs,
  taps,
}: CommandOptions): (command: SignedCommand) => Promise<Reply | undefined> {
  const heard = new Set<string>();

  const does: Does = {
    async restart({ flow }) {
      if (flow === undefined) return no('the command names no flow');
      return (await restart(flow)) ? { ok: true } : no(`no flow ${flow} is on this node`);
    },
    logs({ flow, arguments: given }) {
      if (flow !== undefined && !hasFlow(flow) && !logs.has(flow))
        return no(`no flow ${flow} is on this node`);
      const { since } = read(LogsArguments, given);
      return { ok: true, result: { lines: logs.read(flow, since) } };
    },
    async recording({ flow, arguments: given }) {
      if (flow === undefined || !hasFlow(flow)) return no(`no flow ${flow ?? ''} is on this node`);
      const { module, after } = read(RecordingArguments, given);
      const { frames, ...rest } = await readRecording(workFolder(flow), module, after, RECORDING_BYTES);
      return { ok: true, result: { frames: frames.toString('base64'), ...rest } satisfies NodeRecording };
    },
    tap({ id, flow, arguments: given }) {
      if (flow === undefined) return no('the command names no flow');
      const whyNot = taps.tap(id, flow, read(TapArguments, given));
      return whyNot === undefined ? { ok: true } : no(whyNot);
    },
  };

  /** undefined: nothing to answer to. */
  return async ({ payload, signature }) => {
    const key = identity.keys.find(({ keyId }) => keyId === signature.keyId);
    if (key === undefined || !verifySignature(key, canonicalBytes(payload), signature.value))
      return undefined;
    const { id, node = identity.node, deadline, verb } = payload;
    if (node !== identity.node || heard.has(id)) return undefined;
    heard.add(id);
    if (heard.size > REMEMBERED) heard.delete(heard.values().next().value!);
    if (deadline < trustedNow()) return { id, ...no('the command came after its deadline') };
    try {
      return { id, ...(await does[verb](payload)) };
    } catch (error) {
      return { id, ...no(error instanceof Error ? error.message : String(error)) };
    }
  };
}

const no = (detail: string): Answer => ({ ok: false, detail });

function read<S extends z.ZodType>(schema: S, given: unknown): z.infer<S> {
  const parsed = schema.safeParse(given ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Error(
    `the command's argument ${issue?.path.join('.') ?? ''} is not right: ${issue?.message ?? ''}`,
  );
}
