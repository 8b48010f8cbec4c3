/** Numbers and names as the user reads them. */
import { currentRole } from './roles';
import { Finding, ILock, IMigration, IPathProtection, IStatus, LockMode } from './answers';

/** A duration: "40 s", "27 min", "3 h 5 min". The spaces do not break. */
export function inWords(seconds: number): string {
  if (seconds < 60) {
    return `${Math.max(0, Math.round(seconds))}\u00a0s`;
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) {
    return `${minutes}\u00a0min`;
  }
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)}\u00a0h${rest ? `\u00a0${rest}\u00a0min` : ''}`;
}

/** What each kind of lock is called, and what it means. */
export const LOCK_WORDS: Record<LockMode, { name: string; meaning: string }> = {
  private: { name: 'private', meaning: 'withheld until its owner enters a code' },
  'read-only': { name: 'read-only', meaning: 'nothing is saved in this notebook' },
  sealed: { name: 'sealed with a passphrase', meaning: 'opens with its own passphrase only' }
};

/** "private · alice", or "not locked". */
export function describeLock(lock: ILock | null): string {
  return lock ? `${LOCK_WORDS[lock.mode].name} · ${lock.owner}` : 'not locked';
}

/** "sealed · private · alice"; a passphrase says by itself that the file is sealed. */
export function describeProtection({ sealed, lock }: IPathProtection): string {
  const words = describeLock(lock);
  return lock?.mode === 'sealed' ? words : `${sealed ? 'sealed' : 'not sealed yet'} · ${words}`;
}

/** "1 file", "1,200 files". */
export function files(count: number): string {
  return `${count.toLocaleString('en')}\u00a0file${count === 1 ? '' : 's'}`;
}

/** "0 B", "3.2 MB". */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (count >= 999.5 && unit < units.length - 1) {
    count /= 1000;
    unit++;
  }
  const digits = unit === 0 || count >= 99.95 ? 0 : 1;
  return `${count.toFixed(digits)}\u00a0${units[unit]}`;
}

/** How the panel names a folder: the one that holds everything has no name. */
export function folderName(path: string): string {
  return path === '' ? 'all folders' : `${path}/`;
}

/** What was found of a file, as the title of its cover. */
export const FINDING_TITLES: Record<Finding, (name: string) => string> = {
  'rolled-back': name => `${name} is an older version`,
  swapped: name => `${name} is another file`,
  unsealed: name => `${name} is not encrypted any more`,
  unchecked: name => `${name} cannot be checked`
};

/** The same in a list that names the file already. */
export const FINDING_WORDS: Record<Finding, string> = {
  'rolled-back': 'an older version lies there',
  swapped: 'another encrypted file lies there',
  unsealed: 'a plain file lies there',
  unchecked: 'cannot be checked'
};

/** "3 files are not as they were left". */
export function describeFindings(count: number): string {
  return count === 1
    ? `${files(1)} is not as it was left`
    : `${files(count)} are not as they were left`;
}

/** What a dry run has counted. */
export function describeCount(run: IMigration): string {
  const done = run.action === 'seal' ? 'encrypted' : 'decrypted';
  const other = run.action === 'seal' ? 'encrypted' : 'plain';
  if (run.files_total === 0) {
    return `There is nothing to do: what is here is ${other} already.`;
  }
  const first = `${files(run.files_total)}, ${bytes(run.bytes_total)}, will be ${done}.`;
  const rest = run.skipped
    ? ` ${files(run.skipped)} ${run.skipped === 1 ? 'is' : 'are'} ${other} already.`
    : '';
  return first + rest;
}

/** "Encrypting all folders", and where it was when it is over. */
export function describeRun({ running, action, path }: IMigration): string {
  const where = folderName(path);
  if (running) {
    return `${action === 'seal' ? 'Encrypting' : 'Decrypting'} ${where}`;
  }
  return path === '' ? 'All folders' : where;
}

/** What came of a migration, in a sentence or two. */
export function describeResult(run: IMigration): string {
  const done = run.action === 'seal' ? 'encrypted' : 'decrypted';
  const one = run.files_done === 1;
  const { failed, stopped } = run;
  const first = stopped
    ? `Stopped: ${run.files_done.toLocaleString('en')} of ${files(run.files_total)} ${done}.`
    : run.files_done === 0 && failed === 0
      ? `Nothing was left to be ${done}.`
      : `${files(run.files_done)} ${one ? 'is' : 'are'} ${done}.`;
  const rest = failed ? ` ${files(failed)} could not be.` : '';
  const again = stopped ? ' What is done stays done; start it again to go on.' : '';
  return first + rest + again;
}

/** "alice · owner · session ends in 27 min"; empty when nobody is logged in. */
export function describeSession(status: IStatus, secondsLeft: number | null): string {
  const name = status.user?.display_name || status.user?.username || '';
  const end = secondsLeft === null ? '' : `session ends in ${inWords(secondsLeft)}`;
  return [name, name && currentRole(), end].filter(Boolean).join(' · ');
}

/** A moment of today as its time, an earlier one with its day; in the reader's own manner. */
export function moment(iso: string, now = new Date()): string {
  const when = new Date(iso);
  const time = when.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return when.toDateString() === now.toDateString()
    ? time
    : `${when.toLocaleDateString([], { day: 'numeric', month: 'short' })}, ${time}`;
}
