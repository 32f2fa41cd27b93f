import { expect, test } from 'vitest'
import * as names from '../src/index.js'
import * as wireNames from '../src/wire/index.js'

test('the public names are these', () => {
  expect(Object.keys(names).sort()).toMatchInlineSnapshot()
})

test('the public names of the codec are these', () => {
  expect(Object.keys(wireNames).sort()).toMatchInlineSnapshot()
})
