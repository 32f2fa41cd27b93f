import { expect, test } from 'vitest'

test('the public names are these', async () => {
  expect(Object.keys(await import('../src/index.js')).sort()).toEqual(['BackdoorError', 'serve'])
})
