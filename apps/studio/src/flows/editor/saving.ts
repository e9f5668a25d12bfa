/**
 * How a draft is brought to the director: a table of moves. Pure.
 *
 * In every state one can go on editing, and in every state all of it is kept in the browser.
 */
export type Saving =
  /** The director has exactly this. */
  | 'saved'
  /** There is something to send, in a moment. */
  | 'waiting'
  | 'sending'
  /** Sending, and more has come since. */
  | 'sending-more'
  /** Somebody else saved: theirs is being read and merged. */
  | 'joining'
  /** Both changed the same thing: a person chooses. */
  | 'conflict'
  /** The director does not answer; tried again by itself. */
  | 'away'
  /** The director said no, and would say it again. */
  | 'refused';

export type SavingEvent =
  | 'edited'
  /** The moment is over, or it is time to try again. */
  | 'due'
  | 'sent'
  /** The director has something newer than what we began with. */
  | 'overtaken'
  | 'joined'
  | 'clashed'
  | 'chosen'
  | 'lost'
  | 'refused';

const MOVES: Readonly<Record<Saving, Readonly<Partial<Record<SavingEvent, Saving>>>>> = {
  saved: { edited: 'waiting', overtaken: 'joining' },
  waiting: { edited: 'waiting', due: 'sending', overtaken: 'joining' },
  // What overtakes while we send is heard again: as the answer to what we send, or as its event after it.
  sending: { edited: 'sending-more', sent: 'saved', overtaken: 'joining', lost: 'away', refused: 'refused' },
  'sending-more': {
    edited: 'sending-more',
    sent: 'waiting',
    overtaken: 'joining',
    lost: 'away',
    refused: 'refused',
  },
  joining: {
    edited: 'joining',
    joined: 'waiting',
    clashed: 'conflict',
    lost: 'away',
    refused: 'refused',
  },
  conflict: { edited: 'conflict', chosen: 'waiting', overtaken: 'joining' },
  away: { edited: 'away', due: 'sending', overtaken: 'joining' },
  refused: { edited: 'refused', due: 'sending', overtaken: 'joining' },
};

/** The next state; the same one for what means nothing in it. */
export const moved = (from: Saving, event: SavingEvent): Saving => MOVES[from][event] ?? from;

/** Waits before a director that is away is asked again: soon at first, then every ten seconds. */
export const patience = (tries: number): number => Math.min(10_000, 1_000 * 2 ** Math.min(tries, 10));
