import { chosenIn, firstSelector, referenceOf, selectorsOf, versionOf } from './references.js';

test('a reference and its parts, also while it is chosen', () => {
  expect(chosenIn('resource:pump@production')).toEqual({ name: 'pump', selector: 'production' });
  expect(chosenIn(`resource:pump@3#sha256:${'0'.repeat(64)}`)).toEqual({ name: 'pump', selector: '3' });
  expect(chosenIn('resource:pump')).toEqual({ name: 'pump', selector: '' });
  expect([chosenIn('data/pump.csv'), chosenIn(undefined)]).toEqual([undefined, undefined]);
  expect(referenceOf({ name: 'pump', selector: '3' })).toBe('resource:pump@3');
});

test('what it may be followed by, and what it means now', () => {
  const resource = { aliases: { staging: 2, production: 1 }, latest: 2 };
  expect(selectorsOf(resource).map(({ label }) => label)).toEqual([
    'production (now 1)',
    'staging (now 2)',
    'version 2',
    'version 1',
  ]);
  expect([versionOf('staging', resource.aliases), versionOf('7', {}), versionOf('toString', {})]).toEqual([
    2,
    7,
    undefined,
  ]);
  expect([firstSelector(resource), firstSelector({ aliases: {}, latest: 2 })]).toEqual(['production', '2']);
  expect(firstSelector({ aliases: {}, latest: null })).toBe('');
});
