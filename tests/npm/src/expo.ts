// The phone, in Expo.
import * as SecureStore from 'expo-secure-store';
import * as WebBrowser from 'expo-web-browser';
import type { Attempt, Phone } from './connect';

const KEY = 'amo-crm.attempt';

export function expoPhone(api: string, deepLink: string, jwt: () => Promise<string>): Phone {
  return {
    api,
    jwt,
    async browse(url) {
      const result = await WebBrowser.openAuthSessionAsync(url, deepLink);
      return result.type === 'success' ? result.url : null;
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
