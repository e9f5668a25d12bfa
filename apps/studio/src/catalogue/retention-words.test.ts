import { fromSays, goesSays, keepSays } from './retention-words.js';

describe('what is said of what is kept', () => {
  it('says the policy, whichever half of it there is', () => {
    expect(keepSays({ keepLast: null, keepDays: null })).toBe('Every version stays.');
    expect(keepSays({ keepLast: 3, keepDays: null })).toMatch(/while they are among the newest 3\.$/);
    expect(keepSays({ keepLast: 1, keepDays: null })).toMatch(/while they are the newest\.$/);
    expect(keepSays({ keepLast: 3, keepDays: 1 })).toMatch(/newest 3 or are younger than 1 day\.$/);
  });

  it('says whose policy it is', () => {
    expect(fromSays({ own: true }, 'speed')).toBe('Its own policy.');
    expect(fromSays({ own: false }, 'speed')).toMatch(/^The organization/);
    expect(fromSays({ own: false }, undefined)).toMatch(/^For every resource/);
  });

  it('says what goes', () => {
    expect(goesSays(0, 0)).toBe('Nothing would be deleted.');
    expect(goesSays(1, 84_000)).toBe('1 version goes, and 84 kB would be free.');
    expect(goesSays(12, 0)).toBe('12 versions go, and 0 B would be free.');
  });
});
