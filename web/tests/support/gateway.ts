// A gateway of its own for a file of tests: the real binary, a data directory that is thrown away, free ports.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { preview } from 'vite'

/** Started in a directory of its own, so the path is made whole. */
const binary = resolve(process.env.HOOKYARD_BIN ?? '../target/debug/hookyard')

/** How long a gateway may take to start, on a machine that does other things too. */
const START_MS = 60_000

const LOCAL = '[delivery]\nallow_networks = ["127.0.0.0/8"]\n'

export class Gateway {
  private constructor(
    /** What the browser opens. */
    readonly dashboard: string,
    readonly admin: string,
    private readonly stopAll: () => Promise<void>,
    private readonly key: string | undefined,
  ) {}

  /**
   * Starts `hookyard dev`; with a key, by which it asks for a login, or with sections of a configuration file `hookyard serve`,
   * allowed to deliver to this machine.
   */
  static async start({ key, config }: { key?: string; config?: string } = {}): Promise<Gateway> {
    const directory = await mkdtemp(join(tmpdir(), 'hookyard-web-'))
    const serves = key !== undefined || config !== undefined
    if (serves) await writeFile(join(directory, 'hookyard.toml'), `${LOCAL}${config ?? ''}`)
    const [open, adminPort] = [await freePort(), await freePort()]
    const list = [
      serves ? 'serve' : 'dev',
      ...['--data-dir', join(directory, 'data')],
      ...['--public', `127.0.0.1:${open}`],
      ...['--admin', `127.0.0.1:${adminPort}`],
    ]
    const process_ = spawn(binary, list, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: directory,
      env: { ...process.env, ...(key && { HOOKYARD_ADMIN_KEY: key }) },
    })
    const output: string[] = []
    process_.stdout.on('data', (data: Buffer) => output.push(data.toString()))
    process_.stderr.on('data', (data: Buffer) => output.push(data.toString()))
    const admin = `http://127.0.0.1:${adminPort}`
    await ready(admin, process_, output)
    const pages = process.env.HOOKYARD_DASHBOARD === 'dist' ? await fromDist(admin) : null
    const stop = async () => {
      await pages?.close()
      await end(process_)
      await rm(directory, { recursive: true, force: true })
    }
    return new Gateway(pages?.address ?? admin, admin, stop, key)
  }

  stop(): Promise<void> {
    return this.stopAll()
  }

  /** One call of the API, for what a test needs before it looks at pages. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.admin}/api/v1${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(this.key && { Authorization: `Bearer ${this.key}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return (text ? JSON.parse(text) : undefined) as T
  }

  /** Waits until a call answers what is looked for. */
  async until<T>(path: string, holds: (answer: T) => boolean): Promise<T> {
    const deadline = Date.now() + START_MS
    for (;;) {
      const answer = await this.call<T>('GET', path)
      if (holds(answer)) return answer
      if (Date.now() > deadline)
        throw new Error(`${path} never came to what was waited for: ${JSON.stringify(answer)}`)
      await tick()
    }
  }
}

/** Between two looks at something that another process does. */
const tick = () => new Promise((resolve) => setTimeout(resolve, 50))

async function ready(admin: string, process_: ChildProcess, output: string[]) {
  const deadline = Date.now() + START_MS
  for (;;) {
    if (process_.exitCode !== null) throw new Error(`${binary} ended by itself:\n${output.join('')}`)
    if (Date.now() > deadline) throw new Error(`${binary} is not ready:\n${output.join('')}`)
    const response = await fetch(`${admin}/readyz`).catch(() => null)
    if (response?.ok) return
    await tick()
  }
}

function end(process_: ChildProcess): Promise<void> {
  if (process_.exitCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    process_.once('exit', () => resolve())
    process_.kill('SIGTERM')
  })
}

/** The built pages, with the API of this gateway behind them. */
async function fromDist(admin: string) {
  const port = await freePort()
  process.env.HOOKYARD_ADMIN = admin
  const server = await preview({ preview: { port, host: '127.0.0.1', strictPort: true }, logLevel: 'error' })
  return { address: `http://127.0.0.1:${port}`, close: () => server.close() }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
