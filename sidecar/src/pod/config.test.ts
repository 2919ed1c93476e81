import { expect, test } from '@jest/globals';
import { readPodConfig, readRedirectRules } from './config.ts';

const listener = {
  connection: 'search',
  capture: 'relocate',
  port: 8080,
  appPort: 8080,
  upstreamPort: 15950,
};
const key = 'A'.repeat(43);
const good = {
  RANKGUARD_NAMESPACE: 'shop',
  RANKGUARD_LISTENERS: JSON.stringify([listener]),
  RANKGUARD_CHECKS: '{}',
  RANKGUARD_DECLARED_PORTS: '[9000]',
  RANKGUARD_CONTROL_URL: 'https://rankguard-control.rankguard-system.svc:8443/',
  RANKGUARD_CONTROL_CA: '-----BEGIN CERTIFICATE-----\n…',
  RANKGUARD_ROOT_KEYS: `${key},${key}`,
};

test('what injection writes is read', () => {
  expect(readPodConfig(good)).toEqual({
    namespace: 'shop',
    listeners: [listener],
    checks: {},
    declaredPorts: [9000],
    controlUrl: 'https://rankguard-control.rankguard-system.svc:8443',
    controlCa: good.RANKGUARD_CONTROL_CA,
    rootKeys: [key, key],
  });
});

test.each([
  ['RANKGUARD_CONTROL_URL', 'http://plain'],
  ['RANKGUARD_ROOT_KEYS', 'short'],
  ['RANKGUARD_LISTENERS', '[]'],
  ['RANKGUARD_LISTENERS', JSON.stringify([{ ...listener, capture: 'auto' }])],
  ['RANKGUARD_LISTENERS', JSON.stringify([{ ...listener, port: 0 }])],
  ['RANKGUARD_LISTENERS', JSON.stringify([{ ...listener, connection: '../../etc' }])],
  ['RANKGUARD_CHECKS', '[]'],
  ['RANKGUARD_CONTROL_CA', undefined],
])('%s=%s is refused by name', (name, value) => {
  expect(() => readPodConfig({ ...good, [name]: value })).toThrow(name);
});

test('everything that is wrong is said at once', () => {
  const all = new RegExp(Object.keys(good).sort().join('|'), 'g');
  try {
    readPodConfig({});
  } catch (error) {
    expect((error as Error).message.match(all)?.sort()).toEqual(Object.keys(good).sort());
  }
  expect.assertions(1);
});

test('rules of the redirect', () => {
  const rules = [{ from: 8080, to: 15930 }];
  expect(readRedirectRules({ RANKGUARD_REDIRECT_RULES: JSON.stringify(rules) })).toEqual(rules);
  expect(() => readRedirectRules({ RANKGUARD_REDIRECT_RULES: '[]' })).toThrow('RANKGUARD_REDIRECT_RULES');
});
