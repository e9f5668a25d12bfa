/** The end of a test run; see run.mjs. */
import { remove } from './run.mjs';

export default async function end() {
  const folder = process.env.MILLRACE_TEST_RUN;
  if (folder) await remove(folder);
}
