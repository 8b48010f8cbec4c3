/** The ids of this package's commands; the schema names some of them too. */
export const CommandIDs = {
  openPanel: 'jupyter-secure:open-panel',
  lockPrivate: 'jupyter-secure:lock-private',
  lockReadOnly: 'jupyter-secure:lock-read-only',
  unlock: 'jupyter-secure:unlock',
  lockAllAndLogOut: 'jupyter-secure:lock-all-and-log-out',
  confirm: 'jupyter-secure:confirm',
  logInAgain: 'jupyter-secure:log-in-again',
  explainReadOnly: 'jupyter-secure:explain-read-only'
} as const;
