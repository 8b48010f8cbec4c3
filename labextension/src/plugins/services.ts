/**
 * The plugins that JupyterLab starts before there is an application: they carry every request.
 *
 * The first two stand in for plugins of the same purpose in `@jupyterlab/services-extension`,
 * which `package.json` disables.
 */
import {
  Contents,
  IDefaultDrive,
  IServerSettings,
  ServerConnection,
  ServiceManagerPlugin
} from '@jupyterlab/services';

import { SecureApi } from '../api';
import { Connection } from '../connection';
import { SecureDrive } from '../drive';
import { Security } from '../security';
import { IConnection, ISecurity } from '../tokens';

export const connection: ServiceManagerPlugin<Connection> = {
  id: 'jupyter-secure:connection',
  description: 'Notices when the session ends and why files are withheld.',
  autoStart: true,
  provides: IConnection,
  activate: () => new Connection()
};

export const serverSettings: ServiceManagerPlugin<ServerConnection.ISettings> = {
  id: 'jupyter-secure:server-settings',
  description: 'Provides the default server settings, with every answer watched.',
  autoStart: true,
  provides: IServerSettings,
  requires: [IConnection],
  activate: (_, watcher: Connection) => watcher.watch(ServerConnection.makeSettings())
};

export const drive: ServiceManagerPlugin<Contents.IDrive> = {
  id: 'jupyter-secure:drive',
  description: 'Provides the default drive, which explains withheld files.',
  autoStart: true,
  provides: IDefaultDrive,
  requires: [IConnection, IServerSettings],
  activate: (_, watcher: Connection, settings: ServerConnection.ISettings) =>
    new SecureDrive(watcher, settings)
};

export const security: ServiceManagerPlugin<Security> = {
  id: 'jupyter-secure:security',
  description: 'Provides the security status of the server.',
  autoStart: true,
  provides: ISecurity,
  requires: [IConnection, IServerSettings],
  activate: (_, watcher: Connection, settings: ServerConnection.ISettings) =>
    new Security(new SecureApi(settings), watcher)
};
