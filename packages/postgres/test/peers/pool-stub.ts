import type { Queryable } from '../../src/index.js'
export interface Pool extends Queryable, AsyncDisposable { begin<R>(f: (tx: Queryable) => Promise<R>): Promise<R> }
export function pool(_options: object): Pool { throw new Error('no pool yet') }
