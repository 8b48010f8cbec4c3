/**
 * The versions of notebooks, as the server's REST API gives them.
 */
import type * as nbformat from '@jupyterlab/nbformat';
import { URLExt } from '@jupyterlab/coreutils';

import { SecureApi } from '../api';

export type VersionKind = 'automatic' | 'manual' | 'restored';

export interface IVersion {
  number: number;
  at: string;
  account: string;
  kind: VersionKind;
  size: number;
  /** Where the notebook was then. */
  path: string;
  /** The number of the version that was put back, where one was. */
  restored: number | null;
}

export interface IVersions {
  versions: IVersion[];
  truncated: boolean;
  /** Which save of the file this list was made after; restoring takes it along. */
  file_version: number;
}

/** An operation of nbdime's: on a list `key` is a number, on an object a name. */
export interface IDiffOp {
  op: string;
  key: number | string;
  diff?: IDiffOp[];
  valuelist?: unknown[];
  length?: number;
}

export interface IComparison {
  before: nbformat.INotebookContent;
  after: nbformat.INotebookContent;
  diff: IDiffOp[];
}

export interface IDeleted {
  file_id: string;
  path: string;
  at: string;
  account: string;
  size: number;
  /** What withholds it, if anything does. */
  locked: string | null;
}

/** The newest are listed; there are seldom more, and older ones are thinned out. */
const LISTED = 1000;

export class HistoryApi {
  constructor(private readonly api: SecureApi) {}

  versions(path: string): Promise<IVersions> {
    return this.api.request('GET', `${addressOf(path)}?limit=${LISTED}`);
  }

  async version(path: string, number: number): Promise<nbformat.INotebookContent> {
    const model = await this.api.request<{ content: nbformat.INotebookContent }>(
      'GET',
      `${addressOf(path)}?version=${number}`
    );
    return model.content;
  }

  /** What leads from one version to another, or to what the file holds now. */
  compare(path: string, from: number, to: number | 'current'): Promise<IComparison> {
    return this.api.request('GET', `${addressOf(path)}?from=${from}&to=${to}`);
  }

  /** Rejects with a 409 if the file was saved after the list was made. */
  async restore(path: string, version: number, fileVersion: number): Promise<void> {
    await this.api.request('POST', addressOf(path), {
      action: 'restore',
      version,
      file_version: fileVersion
    });
  }

  async deleted(): Promise<{ deleted: IDeleted[]; truncated: boolean }> {
    return this.api.request('GET', `deleted?limit=${LISTED}`);
  }

  /** Bring a deleted notebook back, where it was or at `path`; resolves to where it is. */
  async undelete(id: string, options: { path?: string; passphrase?: string }): Promise<string> {
    const answer = await this.api.request<{ path: string }>('POST', `deleted/${id}`, {
      action: 'undelete',
      ...options
    });
    return answer.path;
  }
}

function addressOf(path: string): string {
  return `history/${URLExt.encodeParts(path)}`;
}
