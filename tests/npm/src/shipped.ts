// The shipped app makes its own state and claims the code. Its `userId` is decoration: the service
// never reads it, the connection is that of whose JWT comes with the claim.
import { claim, parameters, type Outcome, type Phone } from './connect';

export async function connectAsShipped(
  phone: Phone, authUrl: string, clientId: string, userId: string, random: string,
): Promise<Outcome> {
  const state = btoa(JSON.stringify({ random, userId }));
  await phone.save({ attemptId: '', state });
  const link = await phone.browse(
    `${authUrl}?client_id=${encodeURIComponent(clientId)}&state=${encodeURIComponent(state)}&mode=popup`);
  if (link === null) return { is: 'open', reason: null };
  const { code, error, state: returned } = parameters(link);
  if (returned !== state) return { is: 'not_ours' };
  if (error === 'access_denied') return { is: 'declined' };
  return code ? claim(phone, code, state) : { is: 'failed', reason: error ?? null };
}
