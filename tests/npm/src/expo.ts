// The phone, in Expo.
import * as SecureStore from 'expo-secure-store';
import * as WebBrowser from 'expo-web-browser';
import type { Attempt, Phone } from './connect';

const KEY = 'amo-crm.attempt';

/** `ephemeral`, iOS: a browser without a login, for another AMO CRM account than the last time. */
export function expoPhone(api: string, deepLink: string, jwt: () => Promise<string>, ephemeral = false): Phone {
  return {
    api,
    deepLink,
    jwt,
    async browse(url) {
      const result = await WebBrowser.openAuthSessionAsync(url, deepLink, {
        preferUniversalLinks: deepLink.startsWith('https:'), // iOS
        preferEphemeralSession: ephemeral, // iOS
        showInRecents: true, // Android: else the tab is gone after a look at the password manager
      });
      return result.type === 'success' ? result.url : null; // Android: `dismiss` may come before the link
    },
    async load() {
      const text = await SecureStore.getItemAsync(KEY);
      return text === null ? null : (JSON.parse(text) as Attempt);
    },
    async save(attempt) {
      if (attempt === null) await SecureStore.deleteItemAsync(KEY);
      else await SecureStore.setItemAsync(KEY, JSON.stringify(attempt));
    },
  };
}
