// What the app does between *Connect* and the leads. The phone itself comes from outside.
export interface Phone {
  api: string; // https://YOUR-HOST/api/amo-crm
  deepLink?: string; // one of the service's APP_DEEP_LINKS; without it APP_DEEP_LINK
  jwt(): Promise<string>;
  /** Opens the page; the deep link that led back, or null if the browser was just closed. */
  browse(url: string): Promise<string | null>;
  /** Survives the app: it may be killed while the browser is in front. */
  load(): Promise<Attempt | null>;
  save(attempt: Attempt | null): Promise<void>;
}

export interface Attempt { attemptId: string; state: string; authorizationUrl: string }

export interface Status {
  connected: boolean;
  state: 'not_connected' | 'awaiting_claim' | 'connected' | 'needs_reauth' | 'revoked';
  domain: string;
  accountId: string;
  problem: { code: string; since: string } | null;
}

export type Outcome =
  | { is: 'connected'; status: Status }
  | { is: 'declined' }
  | { is: 'expired' }
  | { is: 'failed'; reason: string | null }
  | { is: 'open'; reason: string } // not over yet: in the browser, something is left to do
  | { is: 'not_ours' };            // a link that this app does not wait for: nothing to show

/** An answer that is no success: what a program reads is `code`, what a person reads `message`. */
export class Refusal extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

/** *Connect*. */
export async function connect(phone: Phone): Promise<Outcome> {
  const { deepLink } = phone;
  const body = deepLink === undefined ? {} : { deepLink };
  const { attemptId, state, authorizationUrl } = await call<Attempt>(phone, 'POST', '/authorize', body);
  return visit(phone, { attemptId, state, authorizationUrl });
}

/** *Continue*: the browser was closed too early, and the attempt is still open. */
export async function proceed(phone: Phone): Promise<Outcome> {
  const attempt = await phone.load();
  return attempt === null ? connect(phone) : visit(phone, attempt);
}

async function visit(phone: Phone, attempt: Attempt): Promise<Outcome> {
  await phone.save(attempt);
  const link = await phone.browse(attempt.authorizationUrl);
  return link === null ? resume(phone) : arrived(phone, link);
}

/** A deep link has opened the app: while it ran, or by starting it. */
export async function arrived(phone: Phone, link: string): Promise<Outcome> {
  const { code, state, referer } = parameters(link);
  if (state === undefined || state !== (await phone.load())?.state) return { is: 'not_ours' };
  return code === undefined ? resume(phone) : claim(phone, code, state, referer); // why not, the attempt knows
}

/** At every start, and when the app comes to the front without a link. */
export async function resume(phone: Phone): Promise<Outcome> {
  const attempt = await phone.load();
  if (!attempt?.attemptId) return standing(phone);
  try {
    const { state, reason } = await call<{ state: string; reason: string | null }>(
      phone, 'GET', `/authorize/${attempt.attemptId}`);
    switch (state) {
      case 'connected': return over(phone, await standing(phone));
      case 'denied': return over(phone, { is: 'declined' });
      case 'expired': return over(phone, { is: 'expired' });
      case 'failed': return over(phone, { is: 'failed', reason });
      default: return { is: 'open', reason: reason ?? state }; // ask again in two seconds
    }
  } catch (refusal) {
    if (refusal instanceof Refusal && refusal.status === 404) return over(phone, await standing(phone));
    throw refusal;
  }
}

/** Makes the code's account this user's. The same answer, however often it is sent. */
export async function claim(phone: Phone, code: string, state: string, referer?: string): Promise<Outcome> {
  try {
    const status = await call<Status>(phone, 'POST', '/exchange-code', { code, state, referer });
    return await over(phone, { is: 'connected', status });
  } catch (refusal) {
    // This code will never do. Anything else is the line, or a bad minute: send it again.
    if (refusal instanceof Refusal && [400, 409, 410].includes(refusal.status)) await phone.save(null);
    throw refusal;
  }
}

export async function call<T>(phone: Phone, method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
  const headers: Record<string, string> = { Authorization: `Bearer ${await phone.jwt()}` };
  if (body) headers['Content-Type'] = 'application/json';
  const response = await fetch(phone.api + path, { method, headers, body: body ? JSON.stringify(body) : null });
  return (await answered(response)).data;
}

/** The JSON of a success; anything else is thrown. */
export async function answered(response: Response) {
  const answer = await response.json().catch(() => null); // a proxy's page is none
  if (response.ok && answer !== null) return answer;
  throw new Refusal(response.status, answer?.code ?? 'no_answer', answer?.message ?? 'The service does not answer.');
}

/** Not `URL`: React Native's has no parameters. The service percent-encodes every value. */
export function parameters(link: string): Record<string, string | undefined> {
  const [, ...query] = link.split('?');
  try {
    return Object.fromEntries(query.join('?').split('&').map((pair) => {
      const [name, value] = pair.split('=');
      return [name, decodeURIComponent(value ?? '')];
    }));
  } catch {
    return {}; // anybody can open a link, and this one is not the service's
  }
}

async function standing(phone: Phone): Promise<Outcome> {
  const status = await call<Status>(phone, 'GET', '/status');
  return status.connected ? { is: 'connected', status } : { is: 'failed', reason: status.state };
}

async function over(phone: Phone, outcome: Outcome): Promise<Outcome> {
  await phone.save(null);
  return outcome;
}
