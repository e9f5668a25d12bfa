/** How deployments and their targets are said: standings, words, and what each button does to how many. Pure. */
import type { Action } from '@millrace/fleet';
import type { Deployment, DeploymentState, Outcome, Progress, ReasonCode, Target } from '@millrace/schemas';
import type { Standing } from '../ui/state.js';
import { many } from '../ui/units.js';

export const STATES: Readonly<Record<DeploymentState, { word: string; is: Standing }>> = {
  rolling: { word: 'rolling', is: 'busy' },
  paused: { word: 'paused', is: 'look' },
  soaking: { word: 'soaking', is: 'busy' },
  succeeded: { word: 'succeeded', is: 'good' },
  partial: { word: 'partial', is: 'look' },
  'rolled-back': { word: 'rolled back', is: 'look' },
  aborted: { word: 'aborted', is: 'off' },
  failed: { word: 'failed', is: 'broken' },
  superseded: { word: 'superseded', is: 'off' },
};

/** How far a target comes, in order; the last is where it ends, well or not. */
export const STAGES: readonly { progress: Progress; word: string }[] = [
  { progress: 'waiting', word: 'Waiting' },
  { progress: 'offered', word: 'Offered' },
  { progress: 'fetching', word: 'Fetching' },
  { progress: 'staging', word: 'Staging' },
  { progress: 'starting', word: 'Starting' },
  { progress: 'probation', word: 'Probation' },
  { progress: 'running', word: 'Running or ended' },
];

const OUTCOMES: Readonly<Record<Outcome, { word: string; is: Standing }>> = {
  succeeded: { word: 'runs it', is: 'good' },
  'rolled-back': { word: 'went back', is: 'look' },
  failed: { word: 'failed', is: 'broken' },
  refused: { word: 'refused', is: 'broken' },
  'timed-out': { word: 'out of time', is: 'broken' },
  cancelled: { word: 'cancelled', is: 'off' },
  superseded: { word: 'superseded', is: 'off' },
};

type Standpoint = Pick<Target, 'progress' | 'outcome' | 'online'>;

export function targetState({ progress, outcome, online }: Standpoint): { word: string; is: Standing } {
  if (outcome !== null) return OUTCOMES[outcome];
  if (!online) return { word: progress === 'waiting' ? 'offline' : `${progress}, offline`, is: 'off' };
  if (progress === 'waiting') return { word: 'waiting', is: 'off' };
  return { word: progress, is: 'busy' };
}

/** The stage in which a target is shown: what has an outcome has ended. */
export const stageOf = ({ progress, outcome }: Pick<Target, 'progress' | 'outcome'>): number =>
  outcome === null ? STAGES.findIndex((stage) => stage.progress === progress) : STAGES.length - 1;

/** `START_FAILED` is `start failed`. */
export const reasonWord = (code: ReasonCode): string => code.toLowerCase().replaceAll('_', ' ');

export interface Deed {
  label: string;
  /** A question. */
  title: string;
  /** What it does, and to how many. */
  says: string;
  /** Asked about first. */
  dangerous: boolean;
}

/** What a button of a deployment does. `before`: the version that a rollback leads to, where it is known. */
export function deedOf(action: Action, deployment: Deployment, before?: number): Deed {
  const { flow, version, targets } = deployment;
  const it = `${flow}@${version}`;
  const running = many(targets.succeeded, 'node');
  const open = targets.waiting + targets.offline;
  const waited = open + targets.working;
  const leaves = waited === 0 ? '' : ` ${many(waited, 'node')} ${isAre(waited)} not waited for any more.`;
  const deeds: Record<Action, Deed> = {
    pause: {
      label: 'Pause',
      title: `Pause the deployment of ${it}?`,
      says: `No further node starts: ${many(open, 'node')} that ${isAre(open)} waiting ${goOn(open)} with what ${itThey(open)} ${runs(open)} now. ${many(targets.working, 'node')} at work ${targets.working === 1 ? 'ends' : 'end'} what ${itThey(targets.working)} began.`,
      dangerous: false,
    },
    resume: {
      label: 'Resume',
      title: `Resume the deployment of ${it}?`,
      says: `Goes on with ${many(open, 'waiting node')}. What failed until now was seen and does not stop it again.`,
      dangerous: false,
    },
    retry: {
      label: 'Retry',
      title: `Retry the deployment of ${it}?`,
      says: `${many(targets.failed, 'node')} that failed ${targets.failed === 1 ? 'tries' : 'try'} again.`,
      dangerous: false,
    },
    rollback: {
      label: before === undefined ? 'Roll back' : `Go back to @${before}`,
      title: before === undefined ? `Roll ${it} back?` : `Go back to ${flow}@${before}?`,
      says:
        before === undefined
          ? `${running} that ${runs(targets.succeeded)} ${it} ${targets.succeeded === 1 ? 'gets' : 'get'} back what ${itThey(targets.succeeded)} had proved to run before; where there was nothing, the flow stops.${leaves}`
          : `${running} that ${runs(targets.succeeded)} ${it} ${targets.succeeded === 1 ? 'gets' : 'get'} @${before} back; a node that had nothing before stops the flow.${leaves}`,
      dangerous: true,
    },
    abort: {
      label: 'Abort',
      title: `Abort the deployment of ${it}?`,
      says: `${many(waited, 'node')} ${isAre(waited)} not waited for any more.`,
      dangerous: true,
    },
  };
  return deeds[action];
}

const isAre = (n: number): string => (n === 1 ? 'is' : 'are');
const goOn = (n: number): string => (n === 1 ? 'goes on' : 'go on');
const itThey = (n: number): string => (n === 1 ? 'it' : 'they');
const runs = (n: number): string => (n === 1 ? 'runs' : 'run');

/** What the swap cost, of those nodes that had something to swap; undefined while none has. */
export function swapCost(
  targets: readonly Pick<Target, 'gapMs' | 'lost'>[],
): { medianMs: number; worstMs: number; lost: number; of: number } | undefined {
  const gaps = targets.flatMap(({ gapMs }) => (gapMs === null ? [] : [gapMs])).sort((a, b) => a - b);
  if (gaps.length === 0) return undefined;
  const middle = gaps.length >> 1;
  const medianMs = gaps.length % 2 === 1 ? gaps[middle]! : (gaps[middle - 1]! + gaps[middle]!) / 2;
  const lost = targets.reduce((sum, target) => sum + (target.lost ?? 0), 0);
  return { medianMs, worstMs: gaps.at(-1)!, lost, of: gaps.length };
}

/** The parts of a group of targets, in the order in which a bar shows them. */
export function partsOf(targets: Deployment['targets']): { word: string; is: Standing; n: number }[] {
  const { succeeded, working, failed: broken, waiting, offline, other } = targets;
  return [
    { word: 'run it', is: 'good' as const, n: succeeded },
    { word: 'at work', is: 'busy' as const, n: working },
    { word: 'failed', is: 'broken' as const, n: broken },
    { word: 'waiting', is: 'off' as const, n: waiting },
    { word: 'offline', is: 'off' as const, n: offline },
    { word: 'stand aside', is: 'off' as const, n: other },
  ].filter(({ n }) => n > 0);
}

/** The version that the group ran before this deployment: of the newest older one of the group that ended well. */
export function versionBefore(
  deployment: Pick<Deployment, 'id' | 'version'>,
  others: readonly Pick<Deployment, 'id' | 'state' | 'version'>[],
): number | undefined {
  const older = others
    .filter(({ id, state }) => id < deployment.id && (state === 'succeeded' || state === 'partial'))
    .sort((a, b) => (a.id < b.id ? 1 : -1))[0];
  return older?.version;
}

/** Ids of nodes in a sentence become their names, and actors are said as people know them. */
export function withNames(
  says: string,
  targets: readonly Pick<Target, 'node' | 'nodeName'>[],
  who: (actor: string) => string,
): string {
  if (!/[0-9a-z]{26}/.test(says)) return says;
  const names = new Map(targets.map(({ node, nodeName }) => [node, nodeName]));
  return says
    .replace(/\b(?:user|token):[0-9a-z]{26}\b/g, who)
    .replace(/\b[0-9a-z]{26}\b/g, (id) => names.get(id) ?? id);
}

export const sentence = (says: string): string =>
  says === '' ? says : `${says[0]!.toUpperCase()}${says.slice(1)}${/[.!?]$/.test(says) ? '' : '.'}`;
