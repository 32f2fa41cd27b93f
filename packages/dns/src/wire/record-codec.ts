/** What a type of record is to the codec: its data from bytes and from text, and back. */
import type { ByteReader } from './byte-reader.js'
import type { ByteWriter } from './byte-writer.js'
import type { TextReader } from './text-reader.js'

export interface RecordCodec<Data> {
  /** From the reader, which holds the data of this record alone. What is left over is the caller's to refuse. */
  decode(reader: ByteReader): Data
  encode(writer: ByteWriter, data: Data): void
  /** From the words behind the type. What is left over is the caller's to refuse. */
  parse(reader: TextReader): Data
  format(data: Data): string
}
