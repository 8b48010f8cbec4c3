/** Versions as people say them. */
import { bytes, moment } from '../words';
import { ICellParts } from './cellDiff';
import { IVersion } from './api';

/** Why it was kept. */
export function kindWords({ kind, restored }: IVersion): string {
  switch (kind) {
    case 'manual':
      return 'saved by hand';
    case 'restored':
      return restored === null ? 'restored' : `version ${restored} restored`;
    default:
      return 'saved by itself';
  }
}

/** "alice · 21 Nov, 14:03 · saved by hand · 12 kB" */
export function describeVersion(version: IVersion): string {
  const { account, at, size } = version;
  return [account || 'someone', moment(at), kindWords(version), bytes(size)].join(' · ');
}

/** "source and outputs changed" */
export function partWords(parts: ICellParts): string {
  const names = [
    parts.type && 'kind',
    parts.source && 'text',
    parts.outputs && 'outputs',
    parts.metadata && 'metadata'
  ].filter((name): name is string => Boolean(name));
  if (names.length === 0) {
    return 'run again';
  }
  const last = names.pop() as string;
  return `${names.length ? `${names.join(', ')} and ${last}` : last} changed`;
}
