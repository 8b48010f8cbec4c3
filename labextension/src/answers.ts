/** What the server's REST API answers, as types; the words are the server's own. */

export type Level = 'ok' | 'warn' | 'bad';
export type LockMode = 'private' | 'read-only' | 'sealed';
export type MigrationAction = 'seal' | 'open';

export interface ILock {
  path: string;
  mode: LockMode;
  owner: string;
  mine: boolean;
  created_at: string;
}

export interface IProtection {
  name: string;
  label: string;
  level: Level;
  summary: string;
  sentence: string;
  remedy: string;
}

export interface IStatus {
  configured: boolean;
  version: string;
  level: Level;
  sentence: string;
  remedy: string;
  user?: { username: string; display_name: string };
  session?: {
    id: string;
    seconds_left: number;
    idle_minutes: number;
    elevated_seconds_left: number;
  };
  catalogue?: { findings: number; checked: 'whole' | 'not-yet' | 'altered' };
  vault?: { open: boolean; sealed: number; matching: number; counted_all: boolean };
  protections: IProtection[];
  locks: ILock[];
}

export interface IPathProtection {
  path: string;
  sealed: boolean;
  lock: ILock | null;
  /** Whether new files in this folder, or beside this file, are sealed whatever their names. */
  folder_sealed?: boolean;
}

/** What can be found of a file that is not as the server left it. */
export type Finding = 'rolled-back' | 'swapped' | 'unsealed' | 'unchecked';

export interface IFinding {
  path: string;
  finding: Finding;
  sentence: string;
  can_restore: boolean;
}

export interface IFindings {
  findings: IFinding[];
  /** Whether there are more than are listed. */
  truncated: boolean;
}

/** What came of accepting: files that a lock withholds, say, are left out. */
export interface IAccepted {
  accepted: number;
  failures: IFailure[];
}

export interface IFailure {
  path: string;
  message: string;
}

export interface IMigration {
  running: boolean;
  action: MigrationAction;
  /** The folder; empty for everything. */
  path: string;
  dry_run: boolean;
  files_done: number;
  files_total: number;
  bytes_done: number;
  bytes_total: number;
  /** Files that need nothing. */
  skipped: number;
  /** Whether it ended early. */
  stopped: boolean;
  /** How many could not be; of many, only the first are listed. */
  failed: number;
  failures: IFailure[];
  finished_at: string | null;
}

export interface IAccount {
  username: string;
  display_name: string;
  role: string;
  factors: { totp: boolean; passkeys: { id: string; name: string }[]; recovery_codes: number };
}

export interface ISessionInfo {
  id: string;
  username: string;
  current: boolean;
  /** What the browser calls itself, in words: "Firefox on Linux". */
  device_name?: string;
  address: string;
  user_agent: string;
  created_at: string;
  last_seen_at: string;
}
