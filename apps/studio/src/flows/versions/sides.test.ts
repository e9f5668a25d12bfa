import { sidesOf } from './sides.js';

const versions = [
  { version: 3, draftRevision: 9 },
  { version: 2, draftRevision: 5 },
];

describe('what is compared', () => {
  it('is the newest with the one before', () =>
    expect(sidesOf(null, null, versions, 9)).toEqual({ from: '2', to: '3' }));
  it('is the draft when it has changed since', () =>
    expect(sidesOf(null, null, versions, 12)).toEqual({ from: '3', to: 'draft' }));
  it('is what is asked for', () => {
    expect(sidesOf('1', '3', versions, 9)).toEqual({ from: '1', to: '3' });
    expect(sidesOf(null, '2', versions, 9)).toEqual({ from: '1', to: '2' });
    expect(sidesOf('x', 'draft', versions, 9)).toEqual({ from: '3', to: 'draft' });
  });
  it('is one alone where there is no other', () => {
    expect(sidesOf(null, '1', versions, 9)).toEqual({ to: '1' });
    expect(sidesOf('3', '3', versions, 9)).toEqual({ to: '3' });
    expect(sidesOf(null, null, [], 4)).toEqual({ to: 'draft' });
    expect(sidesOf(null, null, [], 0)).toEqual({});
  });
});
