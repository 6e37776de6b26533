// The shipped app makes its own state and claims the code. Its `userId` is decoration: the service
// never reads it, the connection is that of whose JWT comes with the claim.
import { claim, parameters, type Outcome, type Phone } from './connect';

export async function connectAsShipped(
  phone: Phone, authUrl: string, clientId: string, userId: string, random: string,
): Promise<Outcome> {
  const state = btoa(JSON.stringify({ random, userId }));
  const authorizationUrl =
    `${authUrl}?client_id=${encodeURIComponent(clientId)}&state=${encodeURIComponent(state)}&mode=popup`;
  await phone.save({ attemptId: '', state, authorizationUrl }); // no attempt of the service's
  const link = await phone.browse(authorizationUrl);
  return link === null ? { is: 'open', reason: 'pending' } : arrivedAsShipped(phone, link);
}

/** A deep link has opened the app: while it ran, or by starting it. */
export async function arrivedAsShipped(phone: Phone, link: string): Promise<Outcome> {
  const { code, error, state, referer } = parameters(link);
  if (state === undefined || state !== (await phone.load())?.state) return { is: 'not_ours' };
  if (code !== undefined) return claim(phone, code, state, referer); // also with error=try_again
  const mendable = ['crm_unavailable', 'storage_unavailable'];
  if (error !== undefined && mendable.includes(error)) return { is: 'open', reason: error }; // by a reload there
  await phone.save(null);
  return error === 'access_denied' ? { is: 'declined' } : { is: 'failed', reason: error ?? null };
}
