// A service that webhooks are delivered to: it keeps what it gets, and answers what the test says.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Delivery = { path: string; headers: IncomingHttpHeaders; body: string }

export class Sink {
  readonly deliveries: Delivery[] = []
  /** What is answered from now on. */
  status = 200
  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  static start(): Promise<Sink> {
    return new Promise((resolve) => {
      const server = createServer((request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => {
          sink.deliveries.push({
            path: request.url ?? '',
            headers: request.headers,
            body: Buffer.concat(chunks).toString(),
          })
          response.writeHead(sink.status, { 'Content-Type': 'application/json' })
          response.end(JSON.stringify(sink.status < 300 ? { ok: true } : { error: 'the till is jammed' }))
        })
      })
      let sink: Sink
      server.listen(0, '127.0.0.1', () => {
        sink = new Sink(`http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`, server)
        resolve(sink)
      })
    })
  }

  stop(): Promise<void> {
    this.server.closeAllConnections()
    return new Promise((resolve) => this.server.close(() => resolve()))
  }
}
