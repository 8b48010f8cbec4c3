/**
 * The record of events, as the server's REST API gives it.
 */
import { SecureApi } from '../api';

export type Outcome = 'success' | 'failure' | 'refused' | 'started';

export interface IEvent {
  seq: number;
  time: string;
  /** `subject:verb`. */
  action: string;
  outcome: Outcome;
  reason: string;
  username: string;
  session: string;
  token: string;
  kernel: string;
  address: string;
  path: string;
  to: string;
  file_id: string;
  target: string;
  correlation: string;
  details: Record<string, string | number | boolean>;
}

export type ExportForm = 'csv' | 'ocsf' | 'cef' | 'otel';

export interface IEvents {
  events: IEvent[];
  /** Where the next page begins; null at the end. */
  next: number | null;
  /** Whether these are everyone's, and not only one's own. */
  everyone: boolean;
}

/** Everything that is given must hold; empty is whatever it is. */
export interface IWanted {
  who: string;
  what: string;
  path: string;
  outcome: string;
  /** ISO 8601. */
  since: string;
  until: string;
}

export const ANYTHING: IWanted = {
  who: '',
  what: '',
  path: '',
  outcome: '',
  since: '',
  until: ''
};

export class RecordApi {
  constructor(private readonly api: SecureApi) {}

  /** The newest events that are wanted, at most `limit`; those before event `before`. */
  events(wanted: IWanted, limit: number, before: number | null = null): Promise<IEvents> {
    const query = queryFor(wanted);
    query.set('limit', String(limit));
    if (before !== null) {
      query.set('before', String(before));
    }
    return this.api.request('GET', `audit?${query}`);
  }

  /** Where all events that are wanted can be had as a file, by who may see everyone's. */
  exportAddress(wanted: IWanted, form: ExportForm): string {
    const query = queryFor(wanted);
    query.set('format', form);
    return this.api.addressOf(`audit/export?${query}`);
  }
}

function queryFor(wanted: IWanted): URLSearchParams {
  return new URLSearchParams(
    Object.entries(wanted).filter(([, value]) => value !== '') as [string, string][]
  );
}
