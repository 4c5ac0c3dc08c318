/** Preloaded into each child of the bench: ends it when the bench has gone, even if that was killed. */

process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// Listening must not keep a server alive that has nothing else to do.
process.channel?.unref();
