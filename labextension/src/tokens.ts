/**
 * The tokens by which the plugins of this package find each other. Importing this file has no
 * side effects.
 */
import { Token } from '@lumino/coreutils';

import type { Catalogue } from './catalogue';
import type { Connection } from './connection';
import type { Documents } from './documents';
import type { Locking } from './locking';
import type { Migrating } from './migrating';
import type { SealedFolders } from './sealedFolders';
import type { Security } from './security';
import type { Asking } from './asking';
import type { Watching } from './watching';

export const IConnection = new Token<Connection>(
  'jupyter-secure:IConnection',
  'Whether someone is logged in, and why the server refused a file.'
);

export const ISecurity = new Token<Security>(
  'jupyter-secure:ISecurity',
  'The security status of the server.'
);

export const IWatching = new Token<Watching>(
  'jupyter-secure:IWatching',
  'What the server tells by itself: of the session, and of the record.'
);

export const IDocuments = new Token<Documents>(
  'jupyter-secure:IDocuments',
  'The open documents, with covers over those that are withheld.'
);

export const IAsking = new Token<Asking>(
  'jupyter-secure:IAsking',
  'The dialogs that ask for a code or a log-in.'
);

export const ILocking = new Token<Locking>(
  'jupyter-secure:ILocking',
  'What a person does with locks.'
);

export const ICatalogue = new Token<Catalogue>(
  'jupyter-secure:ICatalogue',
  'What a person does about files that are not as they were left.'
);

export const IMigrating = new Token<Migrating>(
  'jupyter-secure:IMigrating',
  'Encrypts and decrypts whole folders, with progress.'
);

export const ISealedFolders = new Token<SealedFolders>(
  'jupyter-secure:ISealedFolders',
  'The folders in which every new file is encrypted.'
);
