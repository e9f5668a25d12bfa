/** A report on its way: over MQTT while that is up, else over HTTPS, whose answer may say that there is news. */
import type { SignedReport } from '@millrace/schemas';
import type { Inbox } from '../desired/inbox.js';
import type { Poll } from '../desired/poll.js';
import type { DirectorApi } from '../director/api.js';
import type { Link } from '../director/link.js';

interface Ways {
  link: Pick<Link, 'connected' | 'publish'>;
  api: Pick<DirectorApi, 'report'>;
  inbox: Pick<Inbox, 'isNews'>;
  poll: Pick<Poll, 'wake'>;
}

/** Rejects when neither works. */
export const delivery =
  ({ link, api, inbox, poll }: Ways) =>
  async (report: SignedReport): Promise<void> => {
    if (link.connected) return link.publish('report', report);
    const { epoch, sequence } = await api.report(report);
    if (inbox.isNews({ epoch, sequence })) poll.wake();
  };
