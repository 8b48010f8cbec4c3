/**
 * A typed client of the server's REST API, `{base_url}jupyter-secure/api/`.
 *
 * Everything the server answers with an error status becomes an `ApiError` that carries the
 * server's own sentence, so that views show it instead of inventing one.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import {
  IAccepted,
  IAccount,
  IFindings,
  ILock,
  IMigration,
  IPathProtection,
  ISessionInfo,
  IStatus,
  LockMode,
  MigrationAction
} from './answers';

export * from './answers';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly reason: string,
    readonly retryAfter: number | null
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

export class SecureApi {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  status(): Promise<IStatus> {
    return this.request<IStatus>('GET', 'status');
  }

  account(): Promise<IAccount> {
    return this.request<IAccount>('GET', 'account');
  }

  /** Confirm a second factor: a code, or what a passkey answered. */
  async elevate(factor: { code: string } | { passkey: object }): Promise<number> {
    const answer = await this.request<{ elevated_seconds_left: number }>('POST', 'elevate', factor);
    return answer.elevated_seconds_left;
  }

  /** What to ask a passkey, so that it takes the place of a code. */
  elevateOptions(): Promise<object> {
    return this.request<object>('POST', 'elevate/options', {});
  }

  activity(): Promise<void> {
    return this.request('POST', 'activity', {});
  }

  protection(path: string): Promise<IPathProtection> {
    return this.request<IPathProtection>('GET', `protection/${URLExt.encodeParts(path)}`);
  }

  /** A sealed lock takes the passphrase under which the content is sealed once more. */
  lock(path: string, mode: LockMode, passphrase?: string): Promise<ILock> {
    const body = passphrase === undefined ? { mode } : { mode, passphrase };
    return this.request<ILock>('PUT', `locks/${URLExt.encodeParts(path)}`, body);
  }

  /** Open what a sealed lock withholds, for this session. */
  openLock(path: string, passphrase: string): Promise<void> {
    return this.request('POST', `locks/${URLExt.encodeParts(path)}`, { passphrase });
  }

  unlock(path: string): Promise<void> {
    return this.request('DELETE', `locks/${URLExt.encodeParts(path)}`);
  }

  /** What is not as it was left: this file, or everything below this folder. */
  findings(path: string): Promise<IFindings> {
    return this.request<IFindings>('GET', below('catalogue', path));
  }

  /** Take what lies there now, of this file or of all found below this folder, for what was left. */
  accept(path: string): Promise<IAccepted> {
    return this.request<IAccepted>('POST', below('catalogue', path), { action: 'accept' });
  }

  /** Put the last good version of this file back. */
  async restore(path: string): Promise<void> {
    await this.request<unknown>('POST', below('catalogue', path), { action: 'restore' });
  }

  /** Seal or open everything below a folder; a dry run only counts. */
  startMigration(action: MigrationAction, path: string, dryRun: boolean): Promise<IMigration> {
    return this.request<IMigration>('POST', 'migration', { action, path, dry_run: dryRun });
  }

  /** The migration that runs, or the last one; null when there was none. */
  async migration(): Promise<IMigration | null> {
    const answer = await this.request<IMigration>('GET', 'migration');
    return answer.action === undefined ? null : answer;
  }

  /** Stop after the file in hand; what is done stays done. */
  stopMigration(): Promise<void> {
    return this.request('DELETE', 'migration');
  }

  async sealedFolders(): Promise<string[]> {
    return (await this.request<{ folders: string[] }>('GET', 'sealed-folders')).folders;
  }

  /** Seal everything that is saved or uploaded below this folder from now on, or no longer. */
  markFolder(path: string, sealed: boolean): Promise<void> {
    const address = `sealed-folders/${URLExt.encodeParts(path)}`;
    return this.request(sealed ? 'PUT' : 'DELETE', address);
  }

  async sessions(): Promise<ISessionInfo[]> {
    return (await this.request<{ sessions: ISessionInfo[] }>('GET', 'sessions')).sessions;
  }

  endSession(id: string): Promise<void> {
    return this.request('DELETE', `sessions/${encodeURIComponent(id)}`);
  }

  /** End all sessions of this account but this one, or this one too. */
  endSessions(scope: 'others' | 'all'): Promise<void> {
    return this.request('DELETE', `sessions?scope=${scope}`);
  }

  /**
   * Log in without leaving the page.
   *
   * Success is a redirect. It is not followed, because the page it leads to is not wanted, and it
   * cannot be told from the redirect that asks for a code: so the status is asked for afterwards.
   */
  async logIn(username: string, password: string, code: string): Promise<void> {
    await this.logInStep('login', { username, password, code });
    await this.expectLoggedIn();
  }

  /** The same with a passkey in the place of the code; `ask` asks for it. */
  async logInWithPasskey(
    username: string,
    password: string,
    ask: (options: unknown) => Promise<object>
  ): Promise<void> {
    await this.logInStep('login', { username, password });
    const response = await this.send('POST', 'login/passkey?step=code', {});
    if (!response.ok) {
      throw await toError(response, WRONG_CREDENTIALS);
    }
    const passkey = await ask(await response.json());
    await this.logInStep('login?step=code', { passkey: JSON.stringify(passkey) });
    await this.expectLoggedIn();
  }

  private async logInStep(address: string, fields: Record<string, string>): Promise<void> {
    let response = await this.postForm(address, fields);
    if (response.status === 403) {
      // The XSRF cookie went with the old session: loading the login page sets a new one.
      await this.send('GET', 'login', { redirect: 'manual' });
      response = await this.postForm(address, fields);
    }
    if (response.type !== 'opaqueredirect' && !response.ok) {
      const sentence = 'passkey' in fields ? WRONG_PASSKEY : WRONG_CREDENTIALS;
      throw await toError(response, sentence);
    }
  }

  private async expectLoggedIn(): Promise<void> {
    try {
      await this.status();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        throw new ApiError(401, WRONG_CREDENTIALS, 'wrong-credentials', null);
      }
      throw error;
    }
  }

  async logOut(): Promise<void> {
    const response = await this.send('POST', 'logout', {
      redirect: 'manual',
      body: new URLSearchParams({ _xsrf: xsrfToken() })
    });
    if (response.type !== 'opaqueredirect' && !response.ok && response.status !== 401) {
      throw await toError(response, 'The server did not log you out. Close the browser and retry.');
    }
  }

  private postForm(address: string, fields: Record<string, string>): Promise<Response> {
    return this.send('POST', address, {
      redirect: 'manual',
      body: new URLSearchParams({ ...fields, _xsrf: xsrfToken() })
    });
  }

  /** The address of what lies below our API, for a link. */
  addressOf(endpoint: string): string {
    return `${this.settings.baseUrl}jupyter-secure/api/${endpoint}`;
  }

  /** Ask for what lies below our API; rejects with an `ApiError`. */
  async request<T = void>(
    method: string,
    endpoint: string,
    body?: Record<string, unknown>
  ): Promise<T> {
    const response = await this.send(method, `jupyter-secure/api/${endpoint}`, {
      body: body === undefined ? undefined : JSON.stringify(body)
    });
    if (!response.ok) {
      throw await toError(response, `The server answered ${response.status}.`);
    }
    const text = await response.text();
    return (text ? JSON.parse(text) : undefined) as T;
  }

  private send(method: string, address: string, init: RequestInit): Promise<Response> {
    const url = this.settings.baseUrl + address;
    return ServerConnection.makeRequest(url, { ...init, method }, this.settings);
  }
}

/** The address of a file or folder; the empty path is the folder that holds everything. */
export function below(collection: string, path: string): string {
  // No slash at the end: Jupyter redirects such a request, and that makes a GET of every other one.
  return path === '' ? collection : `${collection}/${URLExt.encodeParts(path)}`;
}

const WRONG_PASSKEY = 'That passkey was not accepted. Try again, or use a code.';
const WRONG_CREDENTIALS = 'That user name, password or code is not right.';

async function toError(response: Response, fallback: string): Promise<ApiError> {
  const seconds = Number(response.headers.get('Retry-After'));
  let message = '';
  let reason = '';
  try {
    const body = (await response.json()) as { message?: string; reason?: string };
    message = body.message ?? '';
    reason = body.reason ?? '';
  } catch {
    // The login page answers in HTML; the fallback says what its status means.
  }
  if (!message && response.status === 429) {
    message = seconds
      ? `Too many wrong tries. Wait ${seconds} seconds and try again.`
      : 'Too many wrong tries. Wait a little and try again.';
  }
  return new ApiError(response.status, message || fallback, reason, seconds || null);
}

/** The last `_xsrf` cookie, which is the one the server sees when there are several. */
function xsrfToken(): string {
  const values = document.cookie
    .split(';')
    .map(part => part.trim())
    .filter(part => part.startsWith('_xsrf='));
  return values.length ? values[values.length - 1].slice('_xsrf='.length) : '';
}
