import { packageTests } from '../../vitest.shared.js'

// Real servers, proxies and a browser, on two cores that run other packages' tests as well.
export default packageTests({ testTimeout: 30_000 })
