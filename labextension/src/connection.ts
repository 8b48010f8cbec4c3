/**
 * What every answer of the server says about the session, seen in one place.
 *
 * All of JupyterLab's requests go through the `fetch` that is wrapped here. A 401 tells that the
 * session ended; a 423 tells why a file is withheld; a 409 may tell that a file is not as it was
 * left.
 */
import { ServerConnection } from '@jupyterlab/services';
import { PromiseDelegate } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { Finding } from './answers';
import { mayWrite } from './roles';

/** What a person can do something about: give a code or a passphrase, log in. */
export type WithheldReason = 'elevation-required' | 'passphrase-required' | 'locked' | 'sealed';

export type RefusalReason = WithheldReason | Finding;

const WITHHELD: readonly string[] = ['elevation-required', 'passphrase-required', 'sealed'];
const FINDINGS: readonly string[] = ['rolled-back', 'swapped', 'unsealed', 'unchecked'];

export function isFinding(reason: RefusalReason): reason is Finding {
  return FINDINGS.includes(reason);
}

export interface IRefusal {
  reason: RefusalReason;
  message: string;
}

export class Connection {
  /** Emitted when the session turns out to have ended (`false`) or to be there again (`true`). */
  get loggedInChanged(): ISignal<this, boolean> {
    return this._loggedInChanged;
  }

  get loggedIn(): boolean {
    return this._back === null;
  }

  /** Resolves at once, or as soon as someone is logged in again. */
  whenLoggedIn(): Promise<void> {
    return this._back?.promise ?? Promise.resolve();
  }

  sawLoggedOut(): void {
    if (this._back === null) {
      this._back = new PromiseDelegate<void>();
      this._loggedInChanged.emit(false);
    }
  }

  sawLoggedIn(): void {
    const back = this._back;
    if (back !== null) {
      this._back = null;
      back.resolve();
      this._loggedInChanged.emit(true);
    }
  }

  /** Why the server refused this request, if it was for a lock, the vault or a finding. */
  refusal(error: unknown): IRefusal | null {
    const response = (error as { response?: Response } | null)?.response;
    return (response && this._refusals.get(response)) ?? null;
  }

  /** The given settings, watched. */
  watch(settings: ServerConnection.ISettings): ServerConnection.ISettings {
    // Called bare: a browser refuses a `fetch` that is called as a method of something else.
    const original = settings.fetch as typeof fetch;
    const watched: typeof fetch = async (input, init) => {
      if (!mayWrite() && keepsLayout(input)) {
        // JupyterLab tells the server every few seconds which tabs are open. It would be refused
        // each time; whoever may not write has the layout while the page is open.
        return new Response(null, { status: 204 });
      }
      // A body is read once: a second try needs a copy that was made before the first.
      const again = input instanceof Request && asksForExtension(input) ? input.clone() : null;
      let response = await original(input, init);
      if (again && this.confirm && response.status === 423) {
        const refusal = await readRefusal(response.clone());
        if (refusal?.reason === 'elevation-required' && (await this.confirm(refusal.message))) {
          response = await original(again, init);
        }
      }
      if (response.status === 423 || response.status === 409) {
        const refusal = await readRefusal(response.clone());
        if (refusal) {
          this._refusals.set(response, refusal);
        }
      } else if (response.status === 401 && !isLogin(input)) {
        this.sawLoggedOut();
        if (asksForKernel(input)) {
          // JupyterLab would take this 401 for the kernel's death and drop the connection. The
          // kernel is alive, so the answer waits until someone is there to receive it.
          await this.whenLoggedIn();
          return askForKernel(original, addressOf(input), init);
        }
      }
      return response;
    };
    return { ...settings, fetch: watched };
  }

  /** Asks for a second factor where there is no view of ours to ask; provided once there is a page. */
  confirm: ((why: string) => Promise<boolean>) | null = null;

  private _back: PromiseDelegate<void> | null = null;
  private _refusals = new WeakMap<Response, IRefusal>();
  private _loggedInChanged = new Signal<this, boolean>(this);
}

/** Null for a conflict that says nothing of the file, such as a name that is taken. */
async function readRefusal(response: Response): Promise<IRefusal | null> {
  let message = '';
  let reason = '';
  try {
    const body = (await response.json()) as { message?: string; reason?: string };
    message = body.message ?? '';
    reason = body.reason ?? '';
  } catch {
    // Not ours (a WebDAV proxy, say): a 423 is treated as a lock nobody here can open.
  }
  if (response.status === 409) {
    return FINDINGS.includes(reason) ? { reason: reason as Finding, message } : null;
  }
  return {
    reason: WITHHELD.includes(reason) ? (reason as WithheldReason) : 'locked',
    message: message || 'This file is locked.'
  };
}

function addressOf(input: RequestInfo | URL): URL {
  return new URL(input instanceof Request ? input.url : String(input), location.href);
}

function asksForKernel(input: RequestInfo | URL): boolean {
  const method = input instanceof Request ? input.method : 'GET';
  return method === 'GET' && /\/api\/kernels\/[^/]+$/.test(addressOf(input).pathname);
}

/**
 * Ask for a kernel again after a log-in, by the list of all.
 *
 * It may have been stopped meanwhile. JupyterLab takes "there is none" for a broken connection, and
 * would try to connect to it for minutes; that it is dead it understands.
 */
async function askForKernel(
  ask: typeof fetch,
  { href }: URL,
  init: RequestInit | undefined
): Promise<Response> {
  const [, all, id] = /^(.*\/api\/kernels)\/([^/?]+)/.exec(href) as RegExpExecArray;
  const response = await ask(new Request(all, { cache: 'no-store' }), init);
  if (!response.ok) {
    return response;
  }
  const kernels = (await response.json()) as { id: string }[];
  const own = kernels.find(kernel => kernel.id === decodeURIComponent(id));
  return Response.json(own ?? { id, name: '', execution_state: 'dead' });
}

/** Which tabs are open, as JupyterLab keeps it on the server. */
function keepsLayout(input: RequestInfo | URL): boolean {
  return (
    input instanceof Request &&
    input.method === 'PUT' &&
    /\/lab\/api\/workspaces\//.test(addressOf(input).pathname)
  );
}

/** JupyterLab's extension manager and builder: they put programs on the server. */
function asksForExtension(request: Request): boolean {
  return (
    request.method !== 'GET' &&
    /\/lab\/api\/(extensions|plugins|build)$/.test(addressOf(request).pathname)
  );
}

/** A wrong password answers 401 as well, and says nothing about the session. */
function isLogin(input: RequestInfo | URL): boolean {
  return /\/login$/.test(addressOf(input).pathname);
}
