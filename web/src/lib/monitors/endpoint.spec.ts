import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeEndpointChange } from './endpoint.ts';

const known = { endpointUrl: 'https://a.example/', hasEndpointApiKey: true };
const typed = { url: 'https://a.example/', key: '', isKeyRemoved: false };

test('an endpoint that nobody changed is not sent', () => {
  assert.equal(describeEndpointChange(known, typed), undefined);
});

test('only what is another is sent: an empty key keeps the one that is set', () => {
  assert.deepEqual(describeEndpointChange(known, { ...typed, url: ' https://b.example/ ' }), {
    endpointUrl: 'https://b.example/',
  });
  assert.deepEqual(describeEndpointChange(known, { ...typed, key: 'k ' }), { endpointApiKey: 'k' });
  assert.deepEqual(describeEndpointChange(known, { ...typed, key: 'k', isKeyRemoved: true }), {
    endpointApiKey: null,
  });
});

test('an empty address ends it, whatever stands in the field of the key', () => {
  assert.deepEqual(describeEndpointChange(known, { ...typed, url: '', key: 'k' }), { endpointUrl: null });
});
