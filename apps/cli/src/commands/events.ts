import type { Command } from 'commander';
import type { LiveEvent } from '@millrace/schemas';
import { connect } from '../connection.js';
import { outputOptions, printStreamed, type OutputOptions, type View } from '../output/format.js';
import { paint, talk } from '../output/talk.js';
import { timeOf } from '../output/time.js';

const eventView: View<LiveEvent> = {
  name: ({ id }) => id,
  columns: {
    time: ({ t }) => timeOf(t),
    type: ({ type }) => type,
    subject: ({ subject }) => subject,
    data: ({ data }) => JSON.stringify(data),
  },
};

/** After the last of the kept events nothing comes for so long. */
const SILENT_MS = 1_000;
/** An id that no director gives: all that is kept is newer. */
const FROM_THE_BEGINNING = 'none-0';

export function addEvents(program: Command): void {
  outputOptions(
    program
      .command('events')
      .summary('what happens in the organization')
      .description(
        'Prints the events that the director still keeps, oldest first, or follows them as they come.',
      )
      .option('--follow', 'go on as they come, until Ctrl-C'),
  ).action(async (options: OutputOptions & { follow?: boolean }) => {
    const { events } = await connect();
    const end = new AbortController();
    const onCut = (why: string) => talk(paint(`${why}; connecting again`, 'dim'));
    let silence: NodeJS.Timeout | undefined;
    const wait = () => {
      clearTimeout(silence);
      if (!options.follow) silence = setTimeout(() => end.abort(), SILENT_MS);
    };
    const lastEventId = options.follow ? undefined : FROM_THE_BEGINNING;
    for await (const event of events.follow({ lastEventId, signal: end.signal, onOpen: wait, onCut })) {
      wait();
      if (event.type !== 'gap' || options.follow) printStreamed(event, eventView, options);
    }
  });
}
