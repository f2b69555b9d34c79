// A page of somebody else's origin that uses the official OpenFeature client for the web, unmodified.

import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';

const client = OpenFeature.getClient();
const asking = {
  boolean: (key, fallback) => client.getBooleanDetails(key, fallback),
  string: (key, fallback) => client.getStringDetails(key, fallback),
  number: (key, fallback) => client.getNumberDetails(key, fallback),
  object: (key, fallback) => client.getObjectDetails(key, fallback),
};

globalThis.shop = {
  happenings: [],
  async open(baseUrl, token, context, options = {}) {
    for (const event of Object.values(ProviderEvents)) {
      client.addHandler(event, () => this.happenings.push(event));
    }
    const headers = [['Authorization', `Bearer ${token}`]];
    await OpenFeature.setProviderAndWait(new OFREPWebProvider({ baseUrl, headers, ...options }), context);
  },
  as: (context) => OpenFeature.setContext(context),
  ask: (type, key, fallback) => asking[type](key, fallback),
};
