// Who runs in callbacks of setTimeout and setInterval, and after a promise that they resolved.
import { current, main, spawn } from '@shrapnel/core'

const coroutine = spawn({ name: 'coroutine' }, async () => {
  await new Promise((resolve) => {
    setTimeout(() => {
      console.log('timeout:', current().name)
      resolve()
    }, 2)
  })
  console.log('after timeout:', current().name)
  const seen = []
  await new Promise((resolve) => {
    const interval = setInterval(() => {
      seen.push(current().name)
      if (seen.length < 2) return
      clearInterval(interval)
      resolve()
    }, 1)
  })
  console.log('interval:', ...seen)
  console.log('after interval:', current().name)
})
await coroutine.join()
setTimeout(() => console.log('in main:', current() === main() ? 'main' : current().name), 1)
