/**
 * The files that are not as they were left, folder by folder, and what can be done about each.
 */
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import React, { useCallback, useEffect, useRef, useState } from 'react';

import { IAccepted, IFinding, IFindings } from '../answers';
import { FINDING_WORDS, describeFindings, files, folderName } from '../words';
import { Failures } from './failures';
import { IFolder, byFolder } from './findingFolders';
import { LiveDialog } from './liveDialog';

export interface IReviewActions {
  look: () => Promise<IFindings>;
  /** Whether the record of what was saved was itself changed. */
  isAltered: () => boolean;
  accept: (path: string) => Promise<IAccepted>;
  restore: (path: string) => Promise<void>;
}

/** Of a folder, no more than these are listed: a restored backup may hold thousands. */
const LISTED = 50;

/** A choice that was made and is not confirmed yet. */
interface IAsked {
  path: string;
  action: 'accept' | 'restore';
  question: string;
}

export function Review({ actions }: { actions: IReviewActions }): JSX.Element {
  const [found, setFound] = useState<IFindings | null>(null);
  const [asked, setAsked] = useState<IAsked | null>(null);
  const [declined, setDeclined] = useState<IAsked | null>(null);
  const [said, setSaid] = useState('');
  const [problem, setProblem] = useState('');
  const [failures, setFailures] = useState<IAccepted['failures']>([]);
  const [busy, setBusy] = useState(false);
  const top = useRef<HTMLParagraphElement>(null);

  const run = useCallback(
    async (action: () => Promise<string>): Promise<void> => {
      setBusy(true);
      setProblem('');
      setFailures([]);
      try {
        const words = await action();
        setFound(await actions.look());
        setSaid(words);
      } catch (error) {
        setProblem(error instanceof Error ? error.message : String(error));
      } finally {
        setBusy(false);
      }
    },
    [actions]
  );
  useEffect(() => void run(() => Promise.resolve('')), [run]);

  const ask = (next: IAsked): void => {
    setDeclined(null);
    setAsked(next);
  };
  const decline = (): void => {
    setDeclined(asked);
    setAsked(null);
  };
  const confirm = async ({ path, action }: IAsked): Promise<void> => {
    setAsked(null);
    await run(async () => {
      if (action === 'restore') {
        await actions.restore(path);
        return `${PathExt.basename(path)} is its last good version again.`;
      }
      const { accepted, failures } = await actions.accept(path);
      setFailures(failures);
      return `${files(accepted)} ${accepted === 1 ? 'is' : 'are'} accepted.`;
    });
    top.current?.focus();
  };

  if (found === null) {
    return (
      <div className="jsec-Review">
        <p role="status">{problem ? '' : 'Looking at the files…'}</p>
        <Problem text={problem} />
      </div>
    );
  }
  const { findings, truncated } = found;
  const folders = byFolder(findings);
  const altered = actions.isAltered();
  const choice = { asked, declined, busy, ask, decline, confirm: (it: IAsked) => void confirm(it) };
  return (
    <div className="jsec-Review">
      <p role="status" ref={top} tabIndex={-1}>
        {said && `${said} `}
        {findings.length === 0
          ? altered
            ? 'No file is known to be changed.'
            : truncated
              ? 'Nothing was found so far; there was no time to look at every file.'
              : 'Every file is as it was left.'
          : `${describeFindings(findings.length)}${truncated ? ', and there are more' : ''}.`}
      </p>
      {findings.length > 0 && (
        <p>
          A copy, a restored backup or a checkout made beside the server does that: then accept it.
          If it was none of these, somebody else has changed the files.
        </p>
      )}
      {altered && (
        <p>
          The record of what was saved was itself changed from outside, so changes to other files
          may not be found. Look with care at what you open. Accepting begins the record anew, with
          the files as they are now.
        </p>
      )}
      {(altered || folders.length > 1 || (folders[0]?.path === '' && findings.length > 1)) && (
        <Choice
          {...choice}
          about={acceptAll('', findings.length, truncated || altered)}
          label="Accept all"
        />
      )}
      {folders.map(folder => (
        <Folder
          key={folder.path}
          folder={folder}
          alone={folders.length === 1}
          truncated={truncated}
          choice={choice}
        />
      ))}
      {failures.length > 0 && <Failures failures={failures} count={failures.length} open />}
      <Problem text={problem} />
    </div>
  );
}

function Folder(props: {
  folder: IFolder;
  /** Whether there is no other. */
  alone: boolean;
  truncated: boolean;
  choice: IChoice;
}): JSX.Element {
  const { alone, truncated, choice } = props;
  const { path, inside, count } = props.folder;
  const more = inside.length - LISTED;
  return (
    <section aria-label={folderName(path)}>
      <header className="jsec-Review-folder">
        {(path !== '' || !alone) && <h4>{path === '' ? 'Not in a folder' : `${path}/`}</h4>}
        {path !== '' && count > 1 && (
          <Choice
            {...choice}
            about={acceptAll(path, count, truncated)}
            label={`Accept all in ${PathExt.basename(path)}/`}
            name={`Accept all in ${path}/`}
          />
        )}
      </header>
      <ul>
        {inside.slice(0, LISTED).map(finding => (
          <Item key={finding.path} finding={finding} choice={choice} />
        ))}
        {more > 0 && <li>And {files(more)} more.</li>}
      </ul>
    </section>
  );
}

function acceptAll(folder: string, count: number, more: boolean): IAsked {
  const what = more ? `all files in ${folderName(folder)}` : files(count);
  return { path: folder, action: 'accept', question: `Accept ${what} as they are now?` };
}

function isSame(one: IAsked | null, other: IAsked): boolean {
  return one?.path === other.path && one.action === other.action;
}

interface IChoice {
  asked: IAsked | null;
  declined: IAsked | null;
  busy: boolean;
  ask: (asked: IAsked) => void;
  decline: () => void;
  confirm: (asked: IAsked) => void;
}

/** A button, and in its place the question whether it is meant, once it was pressed. */
function Choice(props: IChoice & { about: IAsked; label: string; name?: string }): JSX.Element {
  const { asked, declined, busy, about, label, name } = props;
  if (isSame(asked, about)) {
    return (
      <span className="jsec-Review-question" role="group" aria-label={about.question}>
        {about.question}{' '}
        <button
          className="jp-mod-styled jp-mod-warn"
          type="button"
          autoFocus
          onClick={() => props.confirm(about)}
        >
          Yes
        </button>{' '}
        <button className="jp-mod-styled" type="button" onClick={props.decline}>
          No
        </button>
      </span>
    );
  }
  return (
    <button
      className="jsec-Link"
      type="button"
      aria-label={name}
      // The focus comes back to where it was before the question.
      autoFocus={isSame(declined, about)}
      disabled={busy}
      onClick={() => props.ask(about)}
    >
      {label}
    </button>
  );
}

function Item(props: { finding: IFinding; choice: IChoice }): JSX.Element {
  const { path, finding, sentence, can_restore } = props.finding;
  const name = PathExt.basename(path);
  return (
    <li>
      <span className="jsec-Review-what" title={sentence}>
        <span className="jsec-Path">{name}</span>
        <span className="jsec-Review-words">{FINDING_WORDS[finding]}</span>
      </span>
      <span className="jsec-Review-choices">
        <Choice
          {...props.choice}
          about={{ path, action: 'accept', question: `Accept ${name} as it is now?` }}
          label="Accept"
          name={`Accept ${name}`}
        />
        {can_restore && (
          <Choice
            {...props.choice}
            about={{ path, action: 'restore', question: `Put the last good version back?` }}
            label="Restore"
            name={`Restore ${name}`}
          />
        )}
      </span>
    </li>
  );
}

function Problem({ text }: { text: string }): JSX.Element {
  return (
    <p className="jsec-Message" role="alert">
      {text}
    </p>
  );
}

class ReviewBody extends ReactWidget {
  constructor(private readonly actions: IReviewActions) {
    super();
  }

  protected override render(): JSX.Element {
    return <Review actions={this.actions} />;
  }
}

/** Show what was found until it is closed. */
export async function showReview(actions: IReviewActions): Promise<void> {
  const dialog = new LiveDialog<void>({
    title: 'Files that are not as they were left',
    body: new ReviewBody(actions),
    buttons: [Dialog.okButton({ label: 'Close' })]
  });
  dialog.addClass('jsec-LiveDialog');
  await dialog.launch();
}
