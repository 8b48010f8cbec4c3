/**
 * The default drive, with words instead of error dialogs where the server withholds a file.
 */
import { Contents, Drive, ServerConnection } from '@jupyterlab/services';

import { Connection, IRefusal, isFinding } from './connection';
import { mayWrite } from './roles';
import { isPlaceholder, makePlaceholder } from './placeholder';

/** The name JupyterLab gives to "the user stopped this": it then shows no error of its own. */
const CANCELLED = 'ModalCancelError';

/** What a person can do about a save that the server refused; provided once there is a page. */
export interface ISaveHelp {
  /** Ask for a code, an unlock or a log-in. True: try again. False: the user was told. */
  recover(path: string, refusal: IRefusal | 'logged-out'): Promise<boolean>;
}

export class SecureDrive extends Drive {
  constructor(
    private readonly connection: Connection,
    settings: ServerConnection.ISettings
  ) {
    super({ serverSettings: settings });
  }

  saveHelp: ISaveHelp | null = null;

  /** Why the content of this file was withheld when it was last asked for; null when it was not. */
  withheld(path: string): IRefusal | null {
    return this._withheld.get(path) ?? null;
  }

  /** When this file was changed last; null where it cannot be told now. */
  async changedAt(localPath: string): Promise<string | null> {
    // Not by `get`, which asks for a log-in where a save needs one.
    const look = super.get(localPath, { content: false });
    return (await look.catch(() => null))?.last_modified ?? null;
  }

  /**
   * Get this file now, so that the next one to load it has it without waiting.
   *
   * Returns what lets go of it again; null where it cannot be got.
   */
  async fetchAhead(
    localPath: string,
    options: Contents.IFetchOptions
  ): Promise<(() => void) | null> {
    const asked = { ...options, content: true, hash: true };
    const model = await this.get(localPath, asked).catch(() => null);
    if (model === null) {
      return null;
    }
    this._ahead.set(localPath, model);
    return () => void this._ahead.delete(localPath);
  }

  override async get(
    localPath: string,
    options: Contents.IFetchOptions = {}
  ): Promise<Contents.IModel> {
    const ahead = options.content === false ? undefined : this._ahead.get(localPath);
    if (ahead) {
      this._ahead.delete(localPath);
      return ahead;
    }
    for (;;) {
      try {
        const model = await super.get(localPath, options);
        if (options.content !== false) {
          this._withheld.delete(localPath);
        }
        // JupyterLab then says "read-only" and saves nothing, instead of failing at each try.
        return mayWrite() ? model : { ...model, writable: false };
      } catch (error) {
        if (options.type === 'directory') {
          throw error;
        }
        if (options.content === false && this.saveHelp && statusOf(error) === 401) {
          // JupyterLab looks at the file like this before each save, and drops the save when
          // the look fails.
          await this.recover(localPath, 'logged-out', this.saveHelp);
          continue;
        }
        const refusal = this.connection.refusal(error);
        if (!refusal) {
          throw error;
        }
        if (options.content !== false) {
          this._withheld.set(localPath, refusal);
        }
        return makePlaceholder(localPath, options);
      }
    }
  }

  override async save(
    localPath: string,
    options: Partial<Contents.IModel> & Contents.IContentProvisionOptions = {}
  ): Promise<Contents.IModel> {
    if (isPlaceholder(options.content)) {
      throw cancelled(`${localPath} is withheld: there is nothing to save.`);
    }
    for (;;) {
      try {
        return await super.save(localPath, options);
      } catch (error) {
        const refusal = statusOf(error) === 401 ? 'logged-out' : this.connection.refusal(error);
        if (!refusal || !this.saveHelp) {
          throw error;
        }
        await this.recover(localPath, refusal, this.saveHelp);
      }
    }
  }

  override async rename(oldLocalPath: string, newLocalPath: string): Promise<Contents.IModel> {
    try {
      return await super.rename(oldLocalPath, newLocalPath);
    } catch (error) {
      const refusal = this.connection.refusal(error);
      if (refusal && isFinding(refusal.reason)) {
        // JupyterLab takes every 409 for a name that is taken, and would offer to overwrite.
        throw new ServerConnection.ResponseError(
          new Response(null, { status: 423 }),
          refusal.message
        );
      }
      throw error;
    }
  }

  /** Returns when it can be tried again. */
  private async recover(
    localPath: string,
    refusal: IRefusal | 'logged-out',
    help: ISaveHelp
  ): Promise<void> {
    if (!(await help.recover(localPath, refusal))) {
      throw cancelled(`${localPath} was not saved.`);
    }
  }

  private _ahead = new Map<string, Contents.IModel>();
  private _withheld = new Map<string, IRefusal>();
}

function statusOf(error: unknown): number | undefined {
  return (error as { response?: Response } | null)?.response?.status;
}

function cancelled(message: string): Error {
  const error = new Error(message);
  error.name = CANCELLED;
  return error;
}
