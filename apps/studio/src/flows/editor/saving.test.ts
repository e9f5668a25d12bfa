import { moved, patience, type Saving, type SavingEvent } from './saving.js';

const walk = (...events: SavingEvent[]): Saving =>
  events.reduce((state: Saving, event) => moved(state, event), 'saved');

describe('saving a draft', () => {
  it('ends saved when nothing came in between', () => {
    expect(walk('edited', 'due', 'sent')).toBe('saved');
  });

  it('sends again what came while it sent', () => {
    expect(walk('edited', 'due', 'edited', 'sent')).toBe('waiting');
    expect(walk('edited', 'due', 'edited', 'sent', 'due', 'sent')).toBe('saved');
  });

  it('goes on without a director, and sends when it is back', () => {
    expect(walk('edited', 'due', 'lost', 'edited')).toBe('away');
    expect(walk('edited', 'due', 'lost', 'edited', 'due', 'sent')).toBe('saved');
  });

  it('never sends over what somebody else saved', () => {
    expect(walk('edited', 'due', 'overtaken')).toBe('joining');
    expect(walk('edited', 'due', 'overtaken', 'due')).toBe('joining');
    expect(walk('edited', 'overtaken', 'clashed', 'edited', 'due')).toBe('conflict');
    expect(walk('edited', 'overtaken', 'clashed', 'chosen')).toBe('waiting');
  });

  it('takes a third one’s change in the middle of a conflict', () => {
    expect(walk('edited', 'overtaken', 'clashed', 'overtaken')).toBe('joining');
  });

  it('waits longer each time, and never longer than ten seconds', () => {
    expect([0, 1, 2, 9, 4_000].map(patience)).toEqual([1_000, 2_000, 4_000, 10_000, 10_000]);
  });
});
