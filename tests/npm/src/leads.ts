// The leads, without a network too: a page is kept with its ETag until there is another.
import { answered, type Phone } from './connect';

export interface Lead { amoLeadId: number; name: string | null; updatedAt: string | null }
export interface Page { etag: string | null; leads: Lead[]; hasMore: boolean }

/** What outlives the app, of one user and one account: empty it when either changes. */
export interface Shelf {
  read(path: string): Promise<Page | null>;
  write(path: string, page: Page): Promise<void>;
}

/** All leads, as amoCRM has them now. */
export async function walk(phone: Phone, shelf: Shelf, limit = 250): Promise<Lead[]> {
  return gather((path) => page(phone, shelf, path), limit);
}

/** All leads, as the last walk left them: to be shown at once, and without a network. */
export async function kept(shelf: Shelf, limit = 250): Promise<Lead[]> {
  return gather((path) => shelf.read(path), limit);
}

async function page(phone: Phone, shelf: Shelf, path: string): Promise<Page> {
  const old = await shelf.read(path);
  const headers: Record<string, string> = { Authorization: `Bearer ${await phone.jwt()}` };
  if (old?.etag) headers['If-None-Match'] = old.etag;
  const response = await fetch(phone.api + path, { headers });
  if (response.status === 304 && old !== null) return old; // amoCRM was asked, and it is the same
  const { data, hasMore } = await answered(response);
  const fresh: Page = { etag: response.headers.get('ETag'), leads: data, hasMore };
  await shelf.write(path, fresh);
  return fresh;
}

/** By `hasMore` and by number: a page may be short, and a lead that moves meanwhile comes twice. */
async function gather(next: (path: string) => Promise<Page | null>, limit: number): Promise<Lead[]> {
  const leads = new Map<number, Lead>();
  for (let number = 1; ; number += 1) {
    const found = await next(`/leads?page=${number}&limit=${limit}`);
    for (const lead of found?.leads ?? []) leads.set(lead.amoLeadId, lead);
    if (!found?.hasMore) return [...leads.values()];
  }
}
