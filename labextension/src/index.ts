/** The plugins of jupyter-secure. */
import { commands } from './plugins/commands';
import {
  asking,
  catalogue,
  documents,
  locking,
  saving,
  session,
  watching
} from './plugins/documents';
import { activity, history } from './plugins/record';
import { connection, drive, security, serverSettings } from './plugins/services';
import { migrating, sealedFolders, storageCommands } from './plugins/storage';
import { padlocks, panel, redraw, statusBar, toolbar } from './plugins/views';

export default [
  connection,
  serverSettings,
  drive,
  security,
  asking,
  documents,
  catalogue,
  locking,
  saving,
  session,
  watching,
  migrating,
  sealedFolders,
  commands,
  storageCommands,
  activity,
  history,
  panel,
  statusBar,
  padlocks,
  redraw,
  toolbar
];
