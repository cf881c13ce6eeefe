// The table of every list: only rows in sight are in the page, so that any number of them costs the same. Rows are opened
// by a click, by the link in their first cell, or by J, K and Enter; on a phone each row is a card of two lines.
import {
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type MouseEvent,
  type ReactNode,
  type RefObject,
} from 'react'
import { classes } from './classes'
import styles from './DataTable.module.css'
import { useShortcuts } from './shortcuts'
import { useMedia } from './useMedia'
import { useVirtualRows } from './useVirtualRows'

export type Column<T> = {
  key: string
  header: ReactNode
  /** A track of a CSS grid: `120px`, `minmax(160px, 2fr)`. */
  width: string
  align?: 'end'
  /** Left out where the table is narrower than this, in pixels. */
  from?: number
  render: (row: T) => ReactNode
}

type Props<T> = {
  label: string
  rows: T[]
  columns: Column<T>[]
  rowKey: (row: T) => string
  /** What a click on a row, or Enter, does. */
  onOpen?: (row: T) => void
  /** What J and K do where rows open as pages of their own; without it they open. */
  onStep?: (row: T) => void
  /** The row whose detail is open. */
  openKey?: string | undefined
  /** What a row is on a phone; without it the table scrolls sideways. */
  card?: (row: T) => ReactNode
  /** The width, in pixels, below which rows are cards. */
  cardsBelow?: number
  /** Called when the end comes into sight. */
  onEnd?: (() => void) | undefined
  /** Stands behind the last row: "all of it", "loading more…". */
  footer?: ReactNode
  /** Rows that can be picked, for what is done to several at once. */
  picked?: ReadonlySet<string>
  onPick?: (key: string, on: boolean) => void
}

const CARD = 64

export function DataTable<T>(props: Props<T>) {
  const { rows, rowKey, onOpen, openKey, card, onEnd } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(1_280)
  const coarse = useMedia('(pointer: coarse)')
  const asCards = card !== undefined && width < (props.cardsBelow ?? 640)
  const height = asCards ? CARD : coarse ? 44 : 36
  const columns = props.columns.filter((column) => !column.from || width >= column.from)
  const virtual = useVirtualRows({ count: rows.length, height, scroller })

  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  useStill(scroller, virtual.scrolled, rows, rowKey, height)

  useEffect(() => {
    if (onEnd && virtual.to >= rows.length - 8) onEnd()
  }, [virtual.to, rows.length, onEnd])

  const step = (by: number) => {
    const at = rows.findIndex((row) => rowKey(row) === openKey)
    const next = at === -1 ? (by > 0 ? 0 : -1) : at + by
    const row = rows[next]
    const go = props.onStep ?? onOpen
    if (!row || !go) return
    go(row)
    virtual.show(next)
  }
  useShortcuts('List', [
    { keys: 'j', label: 'Next row', run: () => step(1) },
    { keys: 'k', label: 'Previous row', run: () => step(-1) },
  ])

  const tracks = columns.map((column) => column.width).join(' ')
  const grid = props.onPick ? `28px ${tracks}` : tracks
  return (
    <div className={styles.frame}>
      <div
        ref={scroller}
        className={styles.scroller}
        role="table"
        aria-label={props.label}
        aria-rowcount={rows.length + 1}
        // Scrolled with the keyboard, also where no row has a link.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
      >
        <div role="rowgroup" className={classes(styles.head, asCards && 'visually-hidden')}>
          <div role="row" className={styles.headRow} style={{ gridTemplateColumns: grid }} aria-rowindex={1}>
            {asCards ? (
              <span role="columnheader">{props.label}</span>
            ) : (
              <Heads columns={columns} picks={props.onPick !== undefined} />
            )}
          </div>
        </div>
        <div role="rowgroup" className={styles.body} style={{ height: virtual.total }}>
          {rows.slice(virtual.from, virtual.to).map((row, offset) => {
            const index = virtual.from + offset
            const key = rowKey(row)
            return (
              // The link in the row does the same for the keyboard.
              // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
              <div
                key={key}
                role="row"
                aria-rowindex={index + 2}
                className={classes(
                  styles.row,
                  onOpen && styles.opens,
                  asCards && styles.asCard,
                  key === openKey && styles.current,
                )}
                style={{
                  transform: `translateY(${index * height}px)`,
                  height,
                  ...(!asCards && { gridTemplateColumns: grid }),
                }}
                onClick={(event) => !isControl(event) && onOpen?.(row)}
              >
                {asCards && card ? (
                  <div role="cell" className={styles.card}>
                    {card(row)}
                  </div>
                ) : (
                  <>
                    {props.onPick && (
                      <span role="cell" className={styles.cell}>
                        <input
                          type="checkbox"
                          aria-label="Pick this row"
                          checked={props.picked?.has(key) ?? false}
                          onChange={(event) => props.onPick?.(key, event.target.checked)}
                        />
                      </span>
                    )}
                    {columns.map((column) => (
                      <span
                        key={column.key}
                        role="cell"
                        className={classes(styles.cell, column.align && styles.end)}
                      >
                        {column.render(row)}
                      </span>
                    ))}
                  </>
                )}
              </div>
            )
          })}
        </div>
        {props.footer && <div className={styles.footer}>{props.footer}</div>}
      </div>
    </div>
  )
}

function Heads<T>({ columns, picks }: { columns: Column<T>[]; picks: boolean }) {
  return (
    <>
      {picks && (
        <span role="columnheader">
          <span className="visually-hidden">Picked</span>
        </span>
      )}
      {columns.map((column) => (
        <span key={column.key} role="columnheader" className={classes(column.align && styles.end)}>
          {column.header}
        </span>
      ))}
    </>
  )
}

/**
 * Rows that come in above what is being read do not move it. At the top they come into sight. How far it is scrolled is passed
 * in, as asking the page would have it laid out once more for each change.
 */
function useStill<T>(
  scroller: RefObject<HTMLElement | null>,
  scrolled: number,
  rows: T[],
  rowKey: (row: T) => string,
  height: number,
) {
  const before = useRef<string | null>(null)
  useLayoutEffect(() => {
    const anchor = before.current
    if (scroller.current && anchor !== null && scrolled > 0) {
      const at = rows.findIndex((row) => rowKey(row) === anchor)
      if (at > 0) scroller.current.scrollTop += at * height
    }
    const first = rows[0]
    before.current = first === undefined ? null : rowKey(first)
    // Only what comes in moves it, not scrolling itself.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [rows])
}

/** Whether a click was meant for a link, a button or a checkbox in the row, or selected text. */
function isControl(event: MouseEvent): boolean {
  if (event.target instanceof Element && event.target.closest('a, button, input, label')) return true
  return (window.getSelection()?.toString() ?? '') !== ''
}
