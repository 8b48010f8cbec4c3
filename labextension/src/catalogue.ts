/**
 * What a person does about files that are not as they were left.
 */
import { IAccepted, IFinding, IFindings } from './answers';
import { isFinding } from './connection';
import { Documents } from './documents';
import { Security } from './security';

export class Catalogue {
  constructor(
    private readonly security: Security,
    private readonly documents: Documents
  ) {}

  /** What is found below this folder, or of this file; the empty path is everything. */
  look(path = ''): Promise<IFindings> {
    return this.security.api.findings(path);
  }

  /** What is found of this one file; null when it is as it was left. */
  async lookAt(path: string): Promise<IFinding | null> {
    const { findings } = await this.look(path);
    return findings.find(finding => finding.path === path) ?? null;
  }

  /** Take it as it is: one file, or everything found below a folder. */
  async accept(path: string): Promise<IAccepted> {
    const accepted = await this.security.api.accept(path);
    await this.show(path);
    return accepted;
  }

  /** Take this one file as it is; throws the reason when it was not taken. */
  async acceptFile(path: string): Promise<void> {
    const { accepted, failures } = await this.accept(path);
    if (accepted === 0 && failures.length) {
      throw new Error(failures[0].message);
    }
  }

  /** Whether the record itself was changed, so that nothing can be told of many files. */
  get isAltered(): boolean {
    return this.security.status?.catalogue?.checked === 'altered';
  }

  /** Put the last good version of this file back. */
  async restore(path: string): Promise<void> {
    await this.security.api.restore(path);
    await this.show(path);
  }

  /** Open what was covered for it, and say in the panel what is left. */
  private async show(path: string): Promise<void> {
    const below = path === '' ? '' : `${path}/`;
    const covered = this.documents.covered
      .filter(([own, { reason }]) => isFinding(reason) && (own === path || own.startsWith(below)))
      .map(([own]) => own);
    for (const own of new Set(covered)) {
      this.documents.reopen(own);
    }
    await this.security.refresh();
  }
}
