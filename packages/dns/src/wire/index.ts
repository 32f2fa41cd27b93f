/** The codec alone: bytes to messages and back, without any I/O. */
export type { Edns, EdnsOption, Message, Question, ResourceRecord } from './message.js'
export type { RecordData } from './record-data.js'
