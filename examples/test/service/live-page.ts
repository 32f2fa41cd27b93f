/** What an open page hears, without a browser. */
import { connectWebSocket, type WebSocketConnection } from '@shrapnel/http'
import type { Progress } from '../../service/board.js'
import type { Link } from '../../service/link.js'
import type { BoardProcess } from './board-process.js'

export interface Message {
  readonly type: string
  readonly links?: readonly Link[]
  readonly isAll?: boolean
  readonly since?: Progress
  readonly url?: string
  readonly title?: string | null
  readonly problem?: string | null
  readonly database?: string
}

export class LivePage implements AsyncDisposable {
  readonly socket: WebSocketConnection

  constructor(socket: WebSocketConnection) {
    this.socket = socket
  }

  static async open(board: BoardProcess, seen?: Progress): Promise<LivePage> {
    const query = seen === undefined ? '' : `?board=${seen.board}&since=${seen.version}`
    return new LivePage(await connectWebSocket(`${board.url.replace('http', 'ws')}/live${query}`))
  }

  /** Waits for the next message that is so. */
  async until(isSo: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const message = JSON.parse(String(await this.socket.receive())) as Message
      if (isSo(message)) return message
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.socket[Symbol.asyncDispose]()
  }
}
