/** Checks whether the files of the database are still at the paths under which they were opened. */

import { statSync } from 'node:fs';

/**
 * On POSIX a process can go on using an open file that was deleted or replaced. The file disappears when
 * the process ends, and with it every commit, although each was synchronised to disk.
 *
 * @param paths of files that exist now.
 * @returns a check that takes a few microseconds. It returns the fault, or null while every path still
 * leads to the file that was opened.
 */
export function createFileCheck(paths: readonly string[]): () => Error | null {
  const opened = paths.map((path) => ({ path, ...identify(path) }));
  return () => {
    for (const { path, device, inode } of opened) {
      const now = identify(path);
      if (now.device !== device || now.inode !== inode) {
        return new Error(
          `the file ${path} was deleted or replaced while the gateway used it. Nothing more is stored: put it back or restore a backup, then restart.`,
        );
      }
    }
    return null;
  };
}

function identify(path: string): { device: number | undefined; inode: number | undefined } {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return { device: stats?.dev, inode: stats?.ino };
  } catch {
    // A path that cannot be looked up leads nowhere (EACCES, ENOTDIR, a lost mount).
    return { device: undefined, inode: undefined };
  }
}
