import { expect, test } from 'bun:test'
import { pathOf } from './route.ts'

test('every part of a path is filled in and encoded', () => {
  const route = { method: 'GET', path: '/admin/channels/:id/keys/:keyIndex' } as const
  expect(pathOf(route, { id: 5, keyIndex: 'a/b?c' })).toBe('/admin/channels/5/keys/a%2Fb%3Fc')
  expect(pathOf({ method: 'GET', path: '/x' })).toBe('/x')
})

test('a part that is missing is a mistake of the caller', () => {
  expect(() => pathOf({ method: 'GET', path: '/x/:id' }, {})).toThrow(':id')
})
