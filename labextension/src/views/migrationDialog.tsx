/**
 * What encrypting or decrypting a folder would do, counted, before anything is done.
 */
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import React, { useEffect, useState } from 'react';

import { IMigration, MigrationAction } from '../answers';
import { describeCount } from '../words';
import { Failures } from './failures';
import { LiveDialog } from './liveDialog';

const EXPLAINED: Record<MigrationAction, string> = {
  seal:
    'Each file is encrypted and checked before the plain one goes. You can go on working, and ' +
    'stop at any time: what is done stays done.',
  open:
    'Each file is written in plain: everyone and every program that reads the disk reads it, and ' +
    'so does every backup of it. Locked files stay as they are.'
};

interface IQuestion {
  action: MigrationAction;
  counted: Promise<IMigration>;
  /** Tells whether there is something to do and, where it is asked, that it is meant. */
  ready: (ready: boolean) => void;
}

export function MigrationQuestion({ action, counted, ready }: IQuestion): JSX.Element {
  const [count, setCount] = useState<IMigration | null>(null);
  const [problem, setProblem] = useState('');
  const [meant, setMeant] = useState(action === 'seal');
  useEffect(() => {
    counted.then(setCount, (error: unknown) =>
      setProblem(error instanceof Error ? error.message : String(error))
    );
  }, [counted]);
  const something = count !== null && count.files_total > 0;
  useEffect(() => ready(something && meant), [ready, something, meant]);
  return (
    <div className="jsec-Question">
      <p role="status">{count ? describeCount(count) : problem ? '' : 'Counting the files…'}</p>
      {problem && (
        <p className="jsec-Message" role="alert">
          {problem}
        </p>
      )}
      {something && <p>{EXPLAINED[action]}</p>}
      {something && action === 'open' && (
        <label className="jsec-Form-check">
          <input
            type="checkbox"
            checked={meant}
            onChange={event => setMeant(event.target.checked)}
          />
          I want these files to lie in plain on the disk
        </label>
      )}
      {something && count.failed > 0 && (
        <Failures failures={count.failures} count={count.failed} open={false} />
      )}
    </div>
  );
}

class QuestionBody extends ReactWidget {
  constructor(private readonly question: IQuestion) {
    super();
  }

  protected override render(): JSX.Element {
    return <MigrationQuestion {...this.question} />;
  }
}

/** Show the count and ask; true when it is to be done. */
export async function confirmMigration(
  action: MigrationAction,
  path: string,
  counted: Promise<IMigration>
): Promise<boolean> {
  const verb = action === 'seal' ? 'Encrypt' : 'Decrypt';
  const make = action === 'seal' ? Dialog.okButton : Dialog.warnButton;
  let ready = false;
  const dialog: LiveDialog<void> = new (class extends LiveDialog<void> {
    override resolve(index?: number): void {
      // Enter chooses the button that does it, which waits until there is something to do.
      if (index === 0 || ready) {
        super.resolve(index);
      }
    }
  })({
    title: path === '' ? `${verb} everything?` : `${verb} everything in ${path}/?`,
    body: new QuestionBody({
      action,
      counted,
      ready: now => {
        ready = now;
        const button = dialog.node.querySelector<HTMLButtonElement>('.jp-Dialog-footer .jsec-DoIt');
        if (button) {
          button.disabled = !now;
        }
        if (now && action === 'seal') {
          // The usual answer, which could not have the focus before there was something to do.
          void dialog.ready.then(() => button?.focus());
        }
      }
    }),
    buttons: [Dialog.cancelButton(), make({ label: verb, className: 'jsec-DoIt' })],
    defaultButton: 0
  });
  dialog.addClass('jsec-LiveDialog');
  return (await dialog.launch()).button.accept;
}
