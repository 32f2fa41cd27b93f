/** JSON-RPC 2.0: methods as functions, errors that say something, and a batch of which three run at a time. */
import { sleep } from '@shrapnel/core'
import { invalidParams, JsonRpcError, jsonRpc, serve } from '@shrapnel/http'

const accounts = new Map([['ada', 100]])

const methods = {
  balance: ([name]: readonly [string]) => {
    const balance = accounts.get(name)
    if (balance === undefined) throw new JsonRpcError(1, 'no such account', { name })
    return balance
  },
  add: async (params: unknown) => {
    if (!Array.isArray(params) || !params.every((one) => typeof one === 'number')) throw invalidParams()
    await sleep(1)
    return params.reduce((sum: number, one: number) => sum + one, 0)
  },
}

await using server = await serve({ port: 0 }, jsonRpc(methods, { parallel: 3 }))
const calls = [
  { jsonrpc: '2.0', method: 'balance', params: ['ada'], id: 1 },
  { jsonrpc: '2.0', method: 'balance', params: ['eve'], id: 2 },
  { jsonrpc: '2.0', method: 'add', params: [1, 2, 3], id: 3 },
  { jsonrpc: '2.0', method: 'add', params: ['1'], id: 4 },
]
const response = await fetch(server.url, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', Connection: 'close' },
  body: JSON.stringify(calls),
})
for (const { id, result, error } of (await response.json()) as {
  id: number
  result?: unknown
  error?: unknown
}[])
  console.log(id, JSON.stringify(result ?? error))
