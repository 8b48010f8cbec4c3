/** What the one who loaded this page may do here. The server decides; this only spares refusals. */
import { PageConfig } from '@jupyterlab/coreutils';

export type Role = 'owner' | 'editor' | 'viewer' | 'auditor';

const MAY: Record<Role, string> = {
  owner: '',
  editor: '',
  viewer: 'You can read notebooks here. To change or run them, ask an owner for another role.',
  auditor: 'You can see the record of events, and no notebooks.'
};

/** The role; null where the server does not say. */
export function currentRole(): Role | null {
  const role = PageConfig.getOption('jupyterSecureRole');
  return role in MAY ? (role as Role) : null;
}

export function mayWrite(): boolean {
  const role = currentRole();
  return role === null || role === 'owner' || role === 'editor';
}

/** Whether notebooks may be opened at all, and what protects them may be asked. */
export function mayRead(): boolean {
  return currentRole() !== 'auditor';
}

/** Whether everyone's record may be seen; of their own doings everyone sees it. */
export function maySeeAll(): boolean {
  const role = currentRole();
  return role === 'owner' || role === 'auditor';
}

export function mayManage(): boolean {
  return currentRole() === 'owner';
}

/** Whether whole folders may be encrypted and decrypted: for owners, who answer for the keys. */
export function mayEncrypt(): boolean {
  const role = currentRole();
  return role === null || role === 'owner';
}

/** What this role is kept from, in a sentence; empty when it is nothing. */
export function describeLimits(): string {
  const role = currentRole();
  return role === null ? '' : MAY[role];
}
