import { expect, test } from 'vitest'
import * as names from '../src/index.js'

test('the public names are these', () => {
  expect(Object.keys(names).sort()).toEqual([
    'CuttingProxy',
    'TEST_ORIGIN',
    'TEST_REVERSE_ORIGIN',
    'TEST_REVERSE_ZONE',
    'TEST_ZONE',
    'TEST_ZONES',
    'TestSupportError',
    'VirtualClock',
    'certificateCases',
    'checkFeeding',
    'checkFeedingOfMany',
    'checkHostile',
    'chunkings',
    'collectGarbage',
    'commandPath',
    'curl',
    'debianPackageFor',
    'describeHostile',
    'dig',
    'everySplit',
    'expectFlatHeap',
    'expectNoDescriptorLeak',
    'feed',
    'freePort',
    'heapUsedAfterGc',
    'hex',
    'makeCertificateAuthority',
    'openDescriptors',
    'parseHex',
    'runProgram',
    'runTestssl',
    'seededRandom',
    'signZone',
    'startCuttingProxy',
    'startHaproxy',
    'startKnot',
    'startMicrosocks',
    'startNamed',
    'startNginx',
    'startNginxProxy',
    'startOpensslClient',
    'startOpensslServer',
    'startPgbouncer',
    'startPostgres',
    'startPostgresStandby',
    'startServer',
    'startTinyproxy',
    'startUnbound',
    'temporaryFolder',
    'wrk',
  ])
})

test('the built package registers its hostile rows with the runner that runs the test', async () => {
  // Other packages load `dist` through Node itself; their vitest must be the same one.
  const { describeHostile } = await import('@shrapnel/test-support')
  expect(() => describeHostile('too late', [['a row', '00', 'a-code']], () => undefined)).toThrow(
    'Calling the suite function inside test function is not allowed',
  )
})
