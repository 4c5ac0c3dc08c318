/** Copies in a folder. */

import { readSync, writeSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Destination, DestinationError } from './destination.ts';

/** A file that is not complete yet. */
const PARTIAL = '.part';
const READ_BYTES = 256 * 1024;

/** @param folder must exist: it may be the mount point of a disk. */
export function createFileDestination(folder: string): Destination {
  const root = resolve(folder);
  const toPath = (name: string) => join(root, name);

  /** Bytes are written to a temporary file, which is renamed once it is on the disk. */
  async function write(name: string, source: AsyncIterable<Buffer>): Promise<void> {
    const path = toPath(name);
    const partial = path + PARTIAL;
    const file = await guard(create(partial));
    try {
      for await (const chunk of source) await guard(writeAll(file, chunk));
      await guard(file.sync());
    } catch (error) {
      await guard(file.close());
      await guard(rm(partial, { force: true }));
      throw error;
    }
    await guard(file.close());
    await guard(rename(partial, path));
    await guard(syncFolder(dirname(path)));
  }

  async function remove(name: string): Promise<void> {
    const path = toPath(name);
    await guard(rm(path, { force: true }));
    await guard(rm(path + PARTIAL, { force: true }));
    // The folder of the video, when this was its last file.
    await guard(
      rmdir(dirname(path)).catch((error: NodeJS.ErrnoException) => {
        if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(error.code ?? '')) throw error;
      }),
    );
  }

  return {
    name: `file:${root}`,
    toPath,
    write,
    async read(name) {
      return readChunks(await guard(open(toPath(name), 'r')));
    },
    has: (name) => guard(exists(toPath(name))),
    remove,
    toUrl: null,
    close() {},
  };
}

/** Creates a file and its folder, readable by this user only, like the database. */
async function create(path: string): Promise<FileHandle> {
  for (let attempt = 1; ; attempt += 1) {
    await makeFolder(dirname(path));
    try {
      return await open(path, 'w', 0o600);
    } catch (error) {
      // `remove` may have deleted the empty folder meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 3) throw error;
    }
  }
}

/** Unless it exists. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** @throws unless the system says whether something has this path. */
async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Synchronous, like reading: in the thread of the copies that delays only copies. Asynchronous writes would
 * use Node's thread pool, in which the commits of the database would wait for those of four films.
 */
async function writeAll({ fd }: FileHandle, chunk: Buffer): Promise<void> {
  for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done);
}

/** Into the same memory each time: a stream would take new memory for every chunk. */
async function* readChunks(file: FileHandle): AsyncGenerator<Uint8Array, void, void> {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  try {
    for (;;) {
      const length = await guard(read(file, buffer));
      if (length === 0) return;
      yield buffer.subarray(0, length);
    }
  } finally {
    await file.close();
  }
}

async function read({ fd }: FileHandle, buffer: Buffer): Promise<number> {
  return readSync(fd, buffer);
}

/** A renamed file is durable once its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Errors of the system become errors of the destination. */
export async function guard<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new DestinationError(error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}
