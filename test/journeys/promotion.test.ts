/** A better version reaches three agents with three flows, and goes back. MILLRACE_PROMOTION_NODES asks for more. */
import { promotes } from '../kit/promoting.js';

const agents = Number(process.env.MILLRACE_PROMOTION_NODES ?? 3);

promotes({
  title: `${agents} agents`,
  size: agents,
  one: 'press-1',
  async join(it, group) {
    for (let i = 1; i <= agents; i += 1) await it.node(`press-${i}`, group);
  },
});
