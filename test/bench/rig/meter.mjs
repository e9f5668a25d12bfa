// Loaded into a process before its program: tells its parent what it has used of the CPU (microseconds, all
// threads) and of memory (bytes), when asked.
process.on('message', (ask) => {
  if (ask !== 'meter') return;
  const { user, system } = process.cpuUsage();
  process.send({ meter: { cpuUs: user + system, rssBytes: process.memoryUsage.rss() } });
});
// Listening alone must not keep the program alive.
process.channel?.unref();
