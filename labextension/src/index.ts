/** The plugins of jupyter-secure. */
import { commands } from './plugins/commands';
import { asking, documents, locking, saving, session } from './plugins/documents';
import { connection, drive, security, serverSettings } from './plugins/services';
import { padlocks, panel, redraw, statusBar, toolbar } from './plugins/views';

export default [
  connection,
  serverSettings,
  drive,
  security,
  asking,
  documents,
  locking,
  saving,
  session,
  commands,
  panel,
  statusBar,
  padlocks,
  redraw,
  toolbar
];
