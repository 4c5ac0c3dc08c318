/** Whether the files of the database are still where they were opened. */

import { statSync } from 'node:fs';

/**
 * On POSIX a file that is deleted or replaced goes on working for the process that has it open, and is
 * gone once that process ends: commits to it are lost however well they were synchronised.
 *
 * @param paths of files that exist now.
 * @returns a check, which costs a few microseconds: the fault, or null while every path leads to the
 * same file as at the start.
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
