/**
 * What was found, by the folders that can be accepted as one.
 */
import { PathExt } from '@jupyterlab/coreutils';

import { IFinding } from '../answers';

export interface IFolder {
  path: string;
  /** What was found in the folder itself. */
  inside: IFinding[];
  /** How many there are in it and in all folders below it. */
  count: number;
}

/** Every folder with something in it, and those above that hold several such; sorted by path. */
export function byFolder(findings: IFinding[]): IFolder[] {
  const inside = new Map<string, IFinding[]>();
  const counts = new Map<string, number>();
  const ways = new Map<string, Set<string>>();
  for (const finding of findings) {
    let folder = PathExt.dirname(finding.path);
    const before = inside.get(folder);
    if (before) {
      before.push(finding);
    } else {
      inside.set(folder, [finding]);
    }
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
    while (folder !== '') {
      const above = PathExt.dirname(folder);
      counts.set(above, (counts.get(above) ?? 0) + 1);
      ways.set(above, (ways.get(above) ?? new Set()).add(folder));
      folder = above;
    }
  }
  // Everything together has a button of its own.
  ways.delete('');
  for (const [folder, { size }] of ways) {
    if (size > 1 && !inside.has(folder)) {
      inside.set(folder, []);
    }
  }
  return [...inside]
    .map(([path, own]) => ({ path, inside: own, count: counts.get(path) ?? 0 }))
    .sort((a, b) => a.path.localeCompare(b.path));
}
