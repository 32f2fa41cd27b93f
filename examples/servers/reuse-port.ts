/**
 * Each worker has a listening socket of its own on the same port (SO_REUSEPORT). The kernel chooses by a hash of the
 * addresses: even shares of many clients, and no look at who is busy.
 *
 *   node examples/dist/servers/reuse-port.js -p 9000 -w 2
 *   node examples/dist/servers/client.js -p 9000 -c 20 -t 50
 */
import { runServer } from './serve-bytes.js'

await runServer('reuse-port', 'Workers that each have a listening socket of their own, on one port.', '2')
