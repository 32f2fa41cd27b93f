import { expect, test } from 'vitest'
import { readFigures } from '../src/wrk.js'

// from: wrk 4.1.0 of Debian 12, --latency
const PRINTED = `Running 2s test @ http://127.0.0.1:9101/
  1 threads and 100 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   458.91us  312.00us  10.00ms   90.00%
    Req/Sec   225.38k     8.23k  233.57k    85.00%
  Latency Distribution
     50%  431.00us
     75%  500.00us
     90%  700.00us
     99%    1.50ms
  448531 requests in 2.00s, 69.29MB read
Requests/sec: 223792.23
Transfer/sec:     34.57MB
`

test('what wrk prints becomes figures', () => {
  expect(readFigures(PRINTED)).toEqual({ answers: 448_531, perSecond: 223_792.23, p50Us: 431, p99Us: 1_500 })
})

test('answers that are errors are no figures', () => {
  expect(() => readFigures(`${PRINTED}  Non-2xx or 3xx responses: 12\n`)).toThrow('Non-2xx')
  expect(() => readFigures(`${PRINTED}  Socket errors: connect 0, read 3, write 0, timeout 0\n`)).toThrow(
    'read 3',
  )
})

test('a slow server is no failed one', () => {
  const text = `${PRINTED}  Socket errors: connect 0, read 0, write 0, timeout 3\n`
  expect(readFigures(text).answers).toBe(448_531)
})
