import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const heartbeatMs = 2_000;
/** A lock whose holder has not touched it for so long is left over from a crash. */
const staleMs = 60_000;
const pollMs = 300;

/**
 * Waits for a lock file and takes it, so that two set-ups of one work tree take turns. A lock whose holder is gone is taken over.
 * @param {string} file
 * @param {(line: string) => void} note told once if there is somebody to wait for
 * @returns {Promise<() => void>} releases the lock
 */
export async function takeLock(file, note) {
  let told = false;
  while (!tryTake(file)) {
    const holder = holderOf(file);
    if (holder === undefined) continue;
    if (isGone(holder)) {
      takeAway(file, holder);
      continue;
    }
    if (!told) note(`Another setup (process ${holder.pid}) is running here; waiting for it to end.`);
    told = true;
    await sleep(pollMs);
  }
  const beat = setInterval(() => touch(file), heartbeatMs);
  beat.unref();
  return () => {
    clearInterval(beat);
    if (holderOf(file)?.pid === String(process.pid)) rmSync(file, { force: true });
  };
}

/** Linking is atomic, and the file has its content from the start. */
function tryTake(file) {
  const own = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(own, `${process.pid}\n`);
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function holderOf(file) {
  try {
    return { pid: readFileSync(file, 'utf8').trim(), touched: statSync(file).mtimeMs };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isGone({ pid, touched }) {
  if (!/^[1-9]\d*$/.test(pid) || Date.now() - touched > staleMs) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** Moves a left-over lock aside; if another process was quicker and the lock is a new one by now, puts it back. */
function takeAway(file, { pid, touched }) {
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  const moved = holderOf(aside);
  if (moved?.pid !== pid || moved.touched !== touched) {
    try {
      linkSync(aside, file);
    } catch {
      // A third process has the lock now; the moved one finds out when it ends.
    }
  }
  rmSync(aside, { force: true });
}

function touch(file) {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // Taken away by hand: the step under way still ends well, each result is put in place at once.
  }
}
