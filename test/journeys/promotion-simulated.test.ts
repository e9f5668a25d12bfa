/** A better version reaches fifty simulated nodes with three flows, and goes back. */
import { once } from 'node:events';
import { promotes } from '../kit/promoting.js';

const NODES = 50;

promotes({
  title: `${NODES} simulated nodes`,
  size: NODES,
  one: 'sim-0001',
  async join(it, group) {
    const args = ['simulate', '--nodes', String(NODES), '--group', group, '--json'];
    await once(it.spawn(args, 'simulate').stdout!, 'data');
  },
});
