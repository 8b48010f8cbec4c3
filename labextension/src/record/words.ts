/**
 * What is on record, as people say it.
 */
import { IEvent, Outcome } from './api';

/** The server's own catalogue (`audit/actions.py`) in the past tense; a test holds the two together. */
const SAID: Record<string, string> = {
  'file:open': 'opened',
  'file:download': 'downloaded',
  'file:export': 'converted or exported',
  'file:compare': 'compared two versions',
  'file:save': 'saved',
  'file:create': 'created',
  'file:copy': 'copied',
  'file:rename': 'renamed or moved',
  'file:delete': 'deleted',
  'file:trust': 'marked as trusted',
  'checkpoint:create': 'made a checkpoint',
  'checkpoint:restore': 'restored a checkpoint',
  'checkpoint:delete': 'deleted a checkpoint',
  'version:list': 'listed versions',
  'version:open': 'opened an old version',
  'version:restore': 'restored an old version',
  'version:undelete': 'brought back a deleted file',
  'file:lock': 'locked',
  'file:unlock': 'took a lock off',
  'file:open-lock': 'opened a lock with its passphrase',
  'file:seal': 'encrypted',
  'file:unseal': 'decrypted for good',
  'file:accept': 'took a changed file as it is',
  'file:restore': "put a checkpoint in a changed file's place",
  'folder:seal': 'marked a folder as sealed',
  'folder:unseal': 'took the mark off a folder',
  'finding:found': 'found a file not as it was left',
  'vault:unseal': 'opened the vault',
  'vault:seal': 'closed the vault',
  'vault:rotate': 'began new keys',
  'vault:slot-add': 'added what opens the vault',
  'vault:slot-remove': 'removed what opens the vault',
  'vault:backup': 'copied the state into a backup',
  'vault:recover': 'set up again from the recovery key',
  'migration:begin': 'began to encrypt or decrypt a folder',
  'migration:stop': 'asked to stop encrypting or decrypting',
  'migration:end': 'stopped encrypting or decrypting',
  'login:password': 'gave a password',
  'login:code': 'gave a code',
  'login:recovery-code': 'gave a recovery code',
  'login:passkey': 'gave a passkey',
  'login:limit': 'was told to wait',
  'session:begin': 'logged in',
  'session:end': 'logged out, or was logged out',
  'session:expire': 'ran out of time',
  'session:elevate': 'confirmed a second factor',
  'account:password': 'changed a password',
  'account:totp-add': 'took up an authenticator',
  'account:totp-remove': 'removed an authenticator',
  'account:recovery-codes': 'made new recovery codes',
  'account:passkey-add': 'added a passkey',
  'account:passkey-rename': 'renamed a passkey',
  'account:passkey-remove': 'removed a passkey',
  'account:device-trust': 'trusted a device',
  'account:device-forget': 'forgot a device',
  'token:create': 'made an access token',
  'token:use': 'used an access token for the first time',
  'token:revoke': 'revoked an access token',
  'user:invite': 'invited a user',
  'link:use': 'used a one-time link',
  'link:withdraw': 'took back one-time links',
  'user:add': 'added a user',
  'user:role': 'changed a role',
  'user:remove': 'removed a user',
  'user:reset-password': 'let a user choose a new password',
  'user:reset-2fa': 'let a user begin with a new second factor',
  'user:unlock': 'let a user try again',
  'kernel:start': 'started a kernel',
  'kernel:stop': 'stopped a kernel',
  'kernel:restart': 'restarted a kernel',
  'kernel:interrupt': 'interrupted a kernel',
  'kernel:connect': 'connected to a kernel',
  'kernel:execute': 'ran a cell',
  'kernel:read': 'read data in a kernel',
  'kernel:write': 'wrote data in a kernel',
  'kernel:rename': 'moved data in a kernel',
  'kernel:delete': 'deleted data in a kernel',
  'terminal:start': 'started a terminal',
  'terminal:stop': 'stopped a terminal',
  'terminal:connect': 'connected to a terminal',
  'server:start': 'started the server',
  'server:stop': 'stopped the server',
  'settings:change': 'changed settings',
  'request:refuse': 'asked for something',
  'request:read': 'read something else',
  'request:change': 'changed something else',
  'record:begin': 'began a segment of the record',
  'record:close': 'closed a segment of the record',
  'record:key': 'made a new verification key',
  'record:repair': 'cut a torn end off the record',
  'record:gap': 'found the record shorter than it was left',
  'record:remove': 'removed old segments of the record',
  'record:read': 'read the record',
  'record:export': 'exported the record',
  'record:verify': 'verified the record'
};

/** An action that this version does not know is called what the server calls it. */
export function actionWords(action: string): string {
  return SAID[action] ?? action;
}

export function knowsAction(action: string): boolean {
  return action in SAID;
}

export const OUTCOME_WORDS: Record<Outcome, string> = {
  success: 'done',
  failure: 'failed',
  refused: 'refused',
  started: 'no outcome'
};

/** What can be asked for, by kinds: the value is a pattern of actions. */
export const KINDS: [string, string][] = [
  ['', 'Everything'],
  ['file:*', 'Files and locks'],
  ['version:*', 'Old versions'],
  ['kernel:*', 'Kernels'],
  ['terminal:*', 'Terminals'],
  ['login:*', 'Tries to log in'],
  ['session:*', 'Sessions'],
  ['account:*', 'Accounts'],
  ['user:*', 'Users'],
  ['token:*', 'Access tokens'],
  ['finding:*', 'Changed from outside'],
  ['vault:*', 'Keys'],
  ['server:*', 'The server'],
  ['record:*', 'The record'],
  ['request:*', 'Anything else']
];

/** Who did it: an account, by what it acted through. */
export function actorWords({ username, token, kernel, address }: IEvent): string {
  const through = token ? ' (access token)' : kernel ? ' (kernel)' : '';
  // What comes from no address the server did by itself.
  return `${username || (address ? 'someone' : 'the server')}${through}`;
}

/** To what: a path, where it went to, or whom it was done to. */
export function objectWords({ path, to, target }: IEvent): string {
  return [path, to && `→ ${to}`, target && !path ? target : ''].filter(Boolean).join(' ');
}

/** A moment in the reader's own time, to the second, and in the record's. */
export function times(iso: string): { local: string; utc: string } {
  const when = new Date(iso);
  const local = when.toLocaleString([], {
    ...{ year: 'numeric', month: 'short', day: 'numeric' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' }
  });
  return { local, utc: `${when.toISOString().slice(0, 23).replace('T', ' ')} UTC` };
}

/** "elevation-required" as "elevation required". */
export function reasonWords(reason: string): string {
  return reason.replaceAll('-', ' ');
}
