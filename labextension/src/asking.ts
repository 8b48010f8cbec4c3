/**
 * What asks for a secret: a code, a notebook's passphrase, or everything a log-in takes.
 */
import { PathExt } from '@jupyterlab/coreutils';

import { ApiError } from './api';
import { FieldName, FormDialog, IAlternative, IForm } from './formDialog';
import { Security } from './security';

export class Asking {
  constructor(private readonly security: Security) {
    security.connection.loggedInChanged.connect((_, loggedIn) => {
      if (loggedIn) {
        // Someone logged in from another tab: the question has answered itself.
        this._logIn?.dialog.accept();
      }
    });
  }

  /** Ask for a code and confirm it; false when cancelled. Several askers share one dialog. */
  async code(intro: string): Promise<boolean> {
    this._code ??= this.open({
      title: 'Confirm it is you',
      intro,
      fields: [{ name: 'code', label: 'Code from your authenticator app' }],
      accept: 'Confirm',
      cancel: 'Cancel',
      submit: ({ code }) => this.security.elevate(code)
    });
    void this.offerPasskey(this._code, [], () => this.security.elevateWithPasskey());
    try {
      return await this._code.answer;
    } finally {
      this._code = null;
    }
  }

  /** Whether the dialog for a log-in is open. */
  get isAskingToLogIn(): boolean {
    return this._logIn !== null;
  }

  /** Ask for a log-in and do it; false when cancelled. Several askers share one dialog. */
  async logIn(intro: string): Promise<boolean> {
    const username = this.security.status?.user?.username ?? '';
    this._logIn ??= this.open({
      title: 'Log in again',
      intro,
      fields: [
        // Another person must not come into this page, which may show the first one's work.
        { name: 'username', label: 'User name', value: username, readOnly: username !== '' },
        { name: 'password', label: 'Password' },
        { name: 'code', label: 'Code, or a recovery code' }
      ],
      accept: 'Log in',
      cancel: 'Not now',
      submit: ({ username, password, code }) => this.security.logIn(username, password, code)
    });
    void this.offerPasskey(this._logIn, ['username', 'password'], ({ username, password }) =>
      this.security.logInWithPasskey(username, password)
    );
    try {
      return await this._logIn.answer;
    } finally {
      this._logIn = null;
    }
  }

  /** Ask for the passphrase of a sealed lock and open it with that; false when cancelled. */
  passphrase(path: string): Promise<boolean> {
    return this.open({
      title: `${PathExt.basename(path)} is sealed with a passphrase`,
      intro: 'Enter its passphrase. It then stays open to you until you log out.',
      fields: [{ name: 'passphrase', label: 'Passphrase' }],
      accept: 'Open',
      cancel: 'Cancel',
      submit: ({ passphrase }) => this.security.api.openLock(path, passphrase)
    }).answer;
  }

  /** Ask for a new passphrase, after telling what it means to lose it; false when cancelled. */
  newPassphrase(path: string, use: (passphrase: string) => Promise<void>): Promise<boolean> {
    return this.open({
      title: `Seal ${PathExt.basename(path)} with a passphrase`,
      intro:
        'Only whoever knows the passphrase opens it then: not the server by itself, not an ' +
        'administrator, not a code.',
      warning:
        'If the passphrase is lost, what is in this notebook is gone. Nobody can bring it back, ' +
        'and the recovery key does not open it either.',
      fields: [
        { name: 'newPassphrase', label: 'Passphrase' },
        { name: 'again', label: 'The same once more' },
        { name: 'kept', label: 'I have kept the passphrase where I will find it again' }
      ],
      accept: 'Seal',
      cancel: 'Cancel',
      check: ({ newPassphrase, again, kept }) =>
        newPassphrase !== again
          ? { field: 'again', message: 'The two are not the same.' }
          : !kept
            ? { field: 'kept', message: 'Write it down or store it first, then tick the box.' }
            : null,
      submit: ({ newPassphrase }) => use(newPassphrase)
    }).answer;
  }

  /**
   * Do what may take a code or a passphrase, asking for it when the server wants it.
   *
   * The server is asked first: it may have been given in another tab. Returns null when the
   * question was cancelled; throws what the server refuses for any other reason. Without a path
   * there is no file that a passphrase could open, and the caller asks for it.
   */
  async allowed<T>(
    path: string | null,
    intro: string,
    action: () => Promise<T>
  ): Promise<[T] | null> {
    for (;;) {
      try {
        return [await action()];
      } catch (error) {
        const reason = error instanceof ApiError ? error.reason : '';
        const ask =
          reason === 'elevation-required'
            ? () => this.code(intro)
            : reason === 'passphrase-required' && path !== null
              ? () => this.passphrase(path)
              : null;
        if (ask === null) {
          throw error;
        }
        const given = await ask();
        if (!given) {
          return null;
        }
      }
    }
  }

  /** Offer a passkey in the place of the code, as soon as it is known that there is one. */
  private async offerPasskey(
    { dialog }: IOpen,
    needs: FieldName[],
    submit: IAlternative['submit']
  ): Promise<void> {
    if (await this.security.hasPasskey()) {
      dialog.offer({ label: 'Use a passkey', needs, submit });
    }
  }

  private open(form: IForm): IOpen {
    const dialog = new FormDialog(form);
    return { dialog, answer: dialog.launch().then(result => result.button.accept) };
  }

  private _code: IOpen | null = null;
  private _logIn: IOpen | null = null;
}

interface IOpen {
  dialog: FormDialog;
  answer: Promise<boolean>;
}
