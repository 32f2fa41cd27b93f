/**
 * The workers wait on one listening socket, which they inherit. The kernel wakes one of them for each connection
 * (EPOLLEXCLUSIVE), and rather one that sleeps: nobody works for nothing, and a busy worker gets no more to do.
 *
 *   node examples/dist/servers/shared-accept.js -p 9000 -w 2
 *   node examples/dist/servers/client.js -p 9000 -c 20 -t 50
 */
import { runServer } from './serve-bytes.js'

await runServer('shared-accept', 'Workers that wait on one listening socket.', '2')
