/** The server `ours` of `http-file`: the folder of one file, by the handler that everybody uses. */
import { basename, dirname } from 'node:path'
import { files, type Handler, serve } from '@shrapnel/http'
import { announce } from './control.js'

const [, , path = ''] = process.argv
if (basename(path) !== 'file') throw new RangeError('the file is asked for as /file')
const handler: Handler = files(dirname(path))
const server = await serve({ port: 0, backlog: 4096, maxRequestsPerConnection: 1e9 }, handler)
announce(server.port)
