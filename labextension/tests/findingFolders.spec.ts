import { describe, expect, it } from 'vitest';

import type { IFinding } from '../src/answers';
import { byFolder } from '../src/views/findingFolders';

function found(...paths: string[]): IFinding[] {
  return paths.map(path => ({ path, finding: 'swapped', sentence: '', can_restore: false }));
}

function folders(...paths: string[]): string[] {
  return byFolder(found(...paths)).map(
    ({ path, inside, count }) => `${path}: ${inside.length}/${count}`
  );
}

describe('the folders of what was found', () => {
  it('count what lies deeper in them', () => {
    expect(folders('a/x', 'a/b/y', 'z')).toEqual([': 1/3', 'a: 1/2', 'a/b: 1/1']);
  });

  it('include one that holds several of them and no file itself', () => {
    expect(folders('lab/2023/x', 'lab/2024/y', 'own/z')).toEqual([
      'lab: 0/2',
      'lab/2023: 1/1',
      'lab/2024: 1/1',
      'own: 1/1'
    ]);
  });

  it('leave out those on the way to a single one', () => {
    expect(folders('a/b/c/x', 'a/b/c/y')).toEqual(['a/b/c: 2/2']);
  });
});
