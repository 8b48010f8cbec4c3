/** Numbers and names as the user reads them. */
import { ILock, IStatus } from './api';

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

/** "private · alice", or "not locked". */
export function describeLock(lock: ILock | null): string {
  return lock ? `${lock.mode} · ${lock.owner}` : 'not locked';
}

/** "alice · session ends in 27 min"; empty when nobody is logged in. */
export function describeSession(status: IStatus, secondsLeft: number | null): string {
  const name = status.user?.display_name || status.user?.username || '';
  const end = secondsLeft === null ? '' : `session ends in ${inWords(secondsLeft)}`;
  return [name, end].filter(Boolean).join(' · ');
}
