import type { DesiredFlow, FlowReport } from '@millrace/schemas';
import { flowDifferences, nodeReasons, type NodeState } from './why.js';

const [D1, D2] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`];
const want = (version: number, digest: string): DesiredFlow => ({
  flow: 'pump',
  version,
  digest,
  document: {},
  parameters: {},
  resources: {},
  priority: 0,
  strategy: {},
});
const desired = (...flows: DesiredFlow[]) => ({ epoch: 1, sequence: 5, flows });
const found = (change: Partial<FlowReport> = {}): FlowReport => ({
  flow: 'pump',
  runningDigest: D1,
  runningVersion: 1,
  desiredDigest: D2,
  desiredVersion: 2,
  progress: 'probation',
  outcome: null,
  reason: null,
  gapMs: null,
  lost: null,
  since: 0,
  ...change,
});
const node = (flows: FlowReport[], change: Partial<NodeState> = {}): NodeState => ({
  online: true,
  revoked: false,
  accepted: { epoch: 1, sequence: 5 },
  refused: null,
  flows,
  ...change,
});

describe('why a node does not run what it should', () => {
  it.each([
    [
      'the same',
      node([found({ runningDigest: D2, runningVersion: 2 })]),
      desired(want(2, D2)),
      'runs version 2, as desired',
    ],
    [
      'on its way',
      node([found()]),
      desired(want(2, D2)),
      'runs version 1 and should run version 2: probation',
    ],
    [
      'gone back',
      node([found({ outcome: 'rolled-back', reason: { code: 'PROBATION_FAILED', detail: 'NaN' } })]),
      desired(want(2, D2)),
      'runs version 1 and should run version 2: PROBATION_FAILED: NaN',
    ],
    [
      'not told',
      node([found()], { accepted: { epoch: 1, sequence: 4 } }),
      desired(want(2, D2)),
      'runs version 1 and should run version 2: it has not been told yet',
    ],
    [
      'offline',
      node([], { online: false, accepted: null }),
      desired(want(2, D2)),
      'runs nothing and should run version 2: OFFLINE: it is offline and has not been told yet',
    ],
    ['to be stopped', node([found()]), desired(), 'runs version 1 and should run nothing: probation'],
  ])('%s', (_, state, wanted, says) => {
    expect(flowDifferences(state, wanted).map((row) => row.says)).toEqual([says]);
  });

  it('has nothing to say about what neither runs nor should', () => {
    expect(flowDifferences(node([found({ runningDigest: null })]), desired())).toEqual([]);
    expect(flowDifferences(node([]), null)).toEqual([]);
  });

  it('names what holds for the whole node', () => {
    const reason = { code: 'SIGNATURE_INVALID' as const, detail: 'bad' };
    const refusing = node([], { refused: { epoch: 1, sequence: 5, reason } });
    expect(nodeReasons(refusing, desired())).toEqual([reason]);
    expect(nodeReasons(refusing, { ...desired(), sequence: 6 })).toEqual([]);
    expect(nodeReasons(node([], { online: false }), null).map((one) => one.code)).toEqual(['OFFLINE']);
    expect(nodeReasons(node([], { revoked: true }), null).map((one) => one.code)).toEqual(['STOPPED']);
  });
});
