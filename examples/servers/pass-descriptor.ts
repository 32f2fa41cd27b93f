/**
 * The supervisor accepts, and sends each connection to the worker that has the fewest, over a UNIX socket (SCM_RIGHTS). The
 * fairest of the four, at the price of two more system calls and a message for each connection.
 *
 *   node examples/dist/servers/pass-descriptor.js -p 9000 -w 2
 *   node examples/dist/servers/client.js -p 9000 -c 20 -t 50
 */
import { runServer } from './serve-bytes.js'

await runServer('pass-descriptor', 'A supervisor that accepts, and passes each connection to a worker.', '2')
