/** The ids of this package's commands; the schema names some of them too. */
export const CommandIDs = {
  openPanel: 'jupyter-secure:open-panel',
  lockPrivate: 'jupyter-secure:lock-private',
  lockReadOnly: 'jupyter-secure:lock-read-only',
  lockSealed: 'jupyter-secure:lock-sealed',
  unlock: 'jupyter-secure:unlock',
  lockAllAndLogOut: 'jupyter-secure:lock-all-and-log-out',
  confirm: 'jupyter-secure:confirm',
  openAccount: 'jupyter-secure:open-account',
  openUsers: 'jupyter-secure:open-users',
  logInAgain: 'jupyter-secure:log-in-again',
  reviewFindings: 'jupyter-secure:review-findings',
  encryptAll: 'jupyter-secure:encrypt-all',
  encryptFolder: 'jupyter-secure:encrypt-folder',
  encryptNewFiles: 'jupyter-secure:encrypt-new-files',
  decryptFolder: 'jupyter-secure:decrypt-folder',
  showHistory: 'jupyter-secure:show-history',
  showDeleted: 'jupyter-secure:show-deleted',
  showActivity: 'jupyter-secure:show-activity',
  explainReadOnly: 'jupyter-secure:explain-read-only'
} as const;
