// What the dashboard costs whoever looks at it, measured in the browser that CHROMIUM names; `hookyard-bench` calls this and
// reads the one line of JSON that each of these prints:
//
//   node bench/measure.js bundle                   what is built, in bytes after gzip
//   node bench/measure.js paint URL ROUNDS         milliseconds to the first paint of pages, with nothing cached
//   node bench/measure.js live URL SECONDS         how a page that shows live events moves; prints `looking` when it begins
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { chromium } from '@playwright/test'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))

/** Pages that are opened first: what an empty Hookyard shows, the longest lists, the graph. */
const PAGES = ['/', '/events', '/requests', '/connections']
/** Between two keys that are pressed while events come in. */
const KEY_EVERY_MS = 250

const [what, ...rest] = process.argv.slice(2)
const answers = { bundle, paint, live }
if (!(what in answers)) {
  console.error('measure: what? bundle, paint URL ROUNDS, or live URL SECONDS')
  process.exit(2)
}
console.log(JSON.stringify(await answers[what](...rest)))

/** Scripts and styles, and the fonts besides, all of them: no visit loads every page. */
async function bundle() {
  const names = await readdir(`${dist}assets`)
  const bytes = async (ends) => {
    const files = names.filter((name) => ends.some((end) => name.endsWith(end)))
    const sizes = await Promise.all(
      files.map(async (name) => (await readFile(`${dist}assets/${name}`)).length),
    )
    const zipped = await Promise.all(
      files.map(async (name) => gzipSync(await readFile(`${dist}assets/${name}`), { level: 9 }).length),
    )
    return { plain: sum(sizes), gzip: sum(zipped) }
  }
  return { code: (await bytes(['.js', '.css'])).gzip, fonts: (await bytes(['.woff2'])).plain }
}

/** Each page so many times, in a browser context of its own; the median of each page. */
async function paint(url, rounds) {
  const browser = await open()
  const pages = {}
  for (const path of PAGES) {
    const [paints, loads] = [[], []]
    for (let round = 0; round < Number(rounds); round += 1) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
      const page = await context.newPage()
      await page.goto(url + path)
      await page.locator('main').waitFor()
      const [first, largest] = await page.evaluate(painted)
      paints.push(first)
      loads.push(largest)
      await context.close()
    }
    pages[path] = { first_paint_ms: median(paints), largest_paint_ms: median(loads) }
  }
  await browser.close()
  return pages
}

/** Runs in the page: when something was painted first, and the largest thing; that once there is any. */
function painted() {
  const first = performance.getEntriesByName('first-contentful-paint')[0]?.startTime
  return new Promise((resolve) => {
    new PerformanceObserver((list) => resolve([first, list.getEntries().at(-1).startTime])).observe({
      type: 'largest-contentful-paint',
      buffered: true,
    })
  })
}

/** Looks at the list of events while they come in, and presses a key now and then. */
async function live(url, seconds) {
  const browser = await open()
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  await page.addInitScript(watch)
  await page.goto(`${url}/events`)
  await page
    .getByRole('status')
    .filter({ hasText: /^live$/ })
    .waitFor()
  const newest = page.locator('[role="row"][aria-rowindex="2"]')
  await newest.waitFor()
  console.log('looking')
  await page.evaluate(() => window.watched.restart())
  const until = Date.now() + Number(seconds) * 1000
  const tops = new Set()
  while (Date.now() < until) {
    await page.keyboard.press('Shift')
    tops.add(await newest.textContent())
    await page.waitForTimeout(KEY_EVERY_MS)
  }
  const { frames, tasks, keys } = await page.evaluate(() => window.watched.seen())
  await browser.close()
  return {
    tops: tops.size,
    frames: frames.length,
    frame_p99_ms: percentile(frames, 99),
    frame_max_ms: Math.max(...frames),
    task_max_ms: Math.max(0, ...tasks),
    tasks: tasks.length,
    key_p50_ms: percentile(keys, 50),
    key_max_ms: Math.max(...keys),
  }
}

/** Runs in the page before anything else: times between frames, long tasks, and from a key to the frame after it. */
function watch() {
  let [frames, tasks, keys, last] = [[], [], [], 0]
  const frame = (now) => {
    if (last > 0) frames.push(now - last)
    last = now
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe(
    {
      type: 'longtask',
    },
  )
  addEventListener('keydown', ({ timeStamp }) =>
    requestAnimationFrame(() => setTimeout(() => keys.push(performance.now() - timeStamp))),
  )
  window.watched = {
    restart: () => {
      ;[frames, tasks, keys, last] = [[], [], [], 0]
    },
    seen: () => ({ frames, tasks, keys }),
  }
}

function open() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-sync',
    ],
  })
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}

function median(numbers) {
  return percentile(numbers, 50)
}

function percentile(numbers, percent) {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.max(Math.ceil((sorted.length * percent) / 100) - 1, 0)]
}
