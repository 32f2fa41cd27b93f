/**
 * A process for each connection, as the classic servers had it. Nothing that one client does reaches another; but
 * starting a process costs what serving thousands of requests does.
 *
 *   node examples/dist/servers/child-per-connection.js -p 9000
 *   node examples/dist/servers/client.js -p 9000 -c 20 -t 50
 */
import { runServer } from './serve-bytes.js'

await runServer('child-per-connection', 'A process for each connection.', '32')
