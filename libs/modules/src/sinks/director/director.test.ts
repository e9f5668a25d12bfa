import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DirectorMessage } from '@millrace/engine';
import { part, rig, temporary } from '../../../../../test/kit/rig.js';
import { create as createCsv } from '../../sources/csv/behaviour.js';
import { kind as csvKind } from '../../sources/csv/kind.js';
import { create } from './behaviour.js';
import { kind as directorKind } from './kind.js';

const { folder, remove } = temporary();
afterAll(remove);
const parts = [part(csvKind, createCsv), part(directorKind, create)];

const flow = (channel: string, toDirector?: (message: DirectorMessage) => Promise<void>, more: object = {}) =>
  rig(
    parts,
    {
      in: {
        type: 'source.csv',
        settings: { file: 'alerts.csv', timestamp: { column: 't', format: 'epochMs' } },
      },
      up: { type: 'sink.director', from: ['in'], settings: { channel }, ...more },
    },
    { folder, toDirector },
  );

beforeAll(() =>
  writeFileSync(
    path.join(folder, 'alerts.csv'),
    't,alert,severity,message,key,score\n1,raised,high,hot,p1,0.9\n2,,,,,0.5\n3,cleared,high,cool,p1,0.1\n',
  ),
);

describe('sink.director', () => {
  it('sends what route.alert gives, and counts what is no alert', async () => {
    const sent: DirectorMessage[] = [];
    const one = flow('alert', async (message) => void sent.push(message));
    await one.run.start();
    await one.run.finished;
    expect(sent).toEqual([
      {
        channel: 'alert',
        module: 'in',
        t: 1,
        key: 'p1',
        change: 'raised',
        severity: 'high',
        message: 'hot',
        values: { score: 0.9 },
      },
      {
        channel: 'alert',
        module: 'in',
        t: 3,
        key: 'p1',
        change: 'cleared',
        severity: 'high',
        message: 'cool',
        values: { score: 0.1 },
      },
    ]);
    const bytes = sent.reduce((sum, message) => sum + JSON.stringify(message).length, 0);
    expect(one.run.counters().up).toMatchObject({ in: 3, dropped: { 'no-alert': 1 }, queued: 0, bytes });
  });

  it('ends only when the agent has all of it', async () => {
    const sent: DirectorMessage[] = [];
    const one = flow('result', async (message) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      sent.push(message);
    });
    await one.run.start();
    await one.run.finished;
    expect(sent.flatMap((message) => (message.channel === 'result' ? message.records : []))).toHaveLength(3);
  });

  it('counts what has no director to go to', async () => {
    const one = flow('alert');
    await one.run.start();
    await one.run.finished;
    expect(one.run.counters().up).toMatchObject({ counted: { 'no-director': 3 }, bytes: 0 });
  });

  it('counts what could not be kept, or stops the flow when told to', async () => {
    const fails = () => Promise.reject(new Error('disk full'));
    const skipping = flow('result', fails);
    await skipping.run.start();
    await skipping.run.finished;
    expect(skipping.run.counters().up).toMatchObject({ errors: 3, dropped: { director: 3 }, bytes: 0 });
    const stopping = flow('result', fails, { onError: 'stop' });
    await stopping.run.start();
    await expect(stopping.run.finished).rejects.toThrow('disk full');
  });
});
