import { Strategy } from '@millrace/schemas';
import {
  failuresFromText,
  howOf,
  movedTo,
  PRESETS,
  reachOf,
  roomOf,
  strategyOf,
  waveFromText,
  withOneMore,
} from './how.js';

describe('a strategy in a form', () => {
  it('comes back as it went in', () => {
    const strategy = {
      waves: [1, '2.5%', '100%'],
      gate: { share: 0.29, runningForMs: 5, maxFailures: '5%' },
    };
    expect(strategyOf(howOf(strategy))).toMatchObject(strategy);
    for (const preset of PRESETS)
      expect(() => Strategy.parse(strategyOf(howOf(preset.strategy)))).not.toThrow();
  });

  it.each([
    ['3', 3],
    [' 10 % ', '10%'],
    ['2.5%', '2.5%'],
    ['100%', '100%'],
    ['0', 1],
    ['line==1', { selector: 'line==1' }],
    ['', undefined],
    ['250%', { selector: '250%' }],
  ])('reads the wave %p', (text, wave) => expect(waveFromText(text)).toEqual(wave));

  it('reads a limit of failures', () => {
    expect([failuresFromText('0'), failuresFromText('5%'), failuresFromText('few')]).toEqual([
      0,
      '5%',
      undefined,
    ]);
  });

  it('drags a wave in its own words, between its neighbours', () => {
    expect([reachOf('10%', 25), reachOf(40, 25), reachOf({ selector: 'a==b' }, 25)]).toEqual([
      3,
      25,
      undefined,
    ]);
    expect([movedTo(1, 4, 50), movedTo('10%', 10, 50), movedTo(3, 0, 50)]).toEqual([4, '20%', 1]);
    expect(roomOf([1, '10%', '100%'], 1, 50)).toEqual({ least: 2, most: 49 });
    expect(roomOf([1, '100%'], 0, 1)).toEqual({ least: 1, most: 1 });
  });

  it('takes one wave more from the last', () => {
    expect(withOneMore([1, '100%'], 12)).toEqual([1, 7, '100%']);
    expect(withOneMore(['100%'], 100)).toEqual(['50%', '100%']);
  });
});
