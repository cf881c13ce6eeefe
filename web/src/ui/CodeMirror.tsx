// CodeMirror as this product uses it: its view and its history, with colours of our own, as the grammars weigh more than all
// pages together. Only `CodeView` loads this file, lazily.
import { history, historyKeymap } from '@codemirror/commands'
import { EditorState, StateEffect, StateField, type Range } from '@codemirror/state'
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  keymap,
  type KeyBinding,
  lineNumbers,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view'
import { useEffect, useRef } from 'react'
import type { Language } from './CodeView'
import { tokens } from './highlight'

const look = EditorView.theme({
  '&': { backgroundColor: 'transparent', color: 'var(--ink)', fontSize: '12px', height: '100%' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '19px', overflow: 'auto' },
  '.cm-content': { padding: '8px 0', caretColor: 'var(--ink)' },
  '.cm-gutters': {
    backgroundColor: 'transparent',
    color: 'var(--ink-3)',
    border: 'none',
    paddingLeft: '6px',
    paddingRight: '6px',
  },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground, ::selection': {
    background: 'color-mix(in srgb, var(--accent) 28%, transparent) !important',
  },
  '.cm-marked': { backgroundColor: 'var(--red-soft)', boxShadow: 'inset 2px 0 0 var(--red)' },
  '.tok-string': { color: 'var(--green)' },
  '.tok-number': { color: 'var(--amber)' },
  '.tok-name': { color: 'var(--blue)' },
  '.tok-keyword': { color: 'var(--violet)' },
  '.tok-comment': { color: 'var(--ink-3)', fontStyle: 'italic' },
})

/** Longer texts stay as they are: the API shows 64 KiB, and code is shorter still. */
const COLOURED_MAX = 256 * 1_024

function colours(language: Language) {
  const paint = (view: EditorView): DecorationSet => {
    const text = view.state.doc.toString()
    if (text.length > COLOURED_MAX) return Decoration.none
    const { from, to } = view.viewport
    const marks: Range<Decoration>[] = []
    for (const token of tokens(text, language)) {
      if (token.to > from && token.from < to) {
        marks.push(Decoration.mark({ class: `tok-${token.kind}` }).range(token.from, token.to))
      }
    }
    return Decoration.set(marks)
  }
  return ViewPlugin.fromClass(
    class {
      decorations: DecorationSet
      constructor(view: EditorView) {
        this.decorations = paint(view)
      }
      update(update: ViewUpdate) {
        if (update.docChanged || update.viewportChanged) this.decorations = paint(update.view)
      }
    },
    { decorations: (plugin) => plugin.decorations },
  )
}

/** What an editor needs beside what the browser does by itself: lines that keep their indentation, and Tab to make one. */
const KEYS: KeyBinding[] = [
  {
    key: 'Enter',
    run: (view) => {
      const { from, to } = view.state.selection.main
      const line = view.state.doc.lineAt(from)
      const before = line.text.slice(0, from - line.from)
      const indent = /^\s*/.exec(before)?.[0] ?? ''
      const deeper = /[{[(]\s*$/.test(before) ? '  ' : ''
      const insert = `\n${indent}${deeper}`
      view.dispatch({
        changes: { from, to, insert },
        selection: { anchor: from + insert.length },
        scrollIntoView: true,
        userEvent: 'input',
      })
      return true
    },
  },
  // Escape first, then Tab, leaves the editor: nobody is trapped in it.
  {
    key: 'Tab',
    run: (view) => {
      if (view.contentDOM.dataset.tabLeaves) return false
      view.dispatch(view.state.replaceSelection('  '), { userEvent: 'input' })
      return true
    },
  },
  {
    key: 'Escape',
    run: (view) => {
      view.contentDOM.dataset.tabLeaves = 'true'
      return false
    },
  },
]
const focus = EditorView.domEventHandlers({
  focus: (_event, view) => {
    delete view.contentDOM.dataset.tabLeaves
  },
})

const setMark = StateEffect.define<number | null>()
const markField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = marks.map(transaction.changes)
    for (const effect of transaction.effects) {
      if (!effect.is(setMark)) continue
      const line = effect.value
      next =
        line !== null && line >= 1 && line <= transaction.state.doc.lines
          ? Decoration.set([
              Decoration.line({ class: 'cm-marked' }).range(transaction.state.doc.line(line).from),
            ])
          : Decoration.none
    }
    return next
  },
  provide: (field) => EditorView.decorations.from(field),
})

type Props = {
  value: string
  language: Language
  label: string
  onChange?: (value: string) => void
  mark?: { line: number; message: string } | null
  wrap?: boolean
}

export default function CodeMirror({ value, language, label, onChange, mark, wrap }: Props) {
  const parent = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  const change = useRef(onChange)
  const current = useRef(value)
  const editable = onChange !== undefined
  useEffect(() => {
    change.current = onChange
    current.current = value
  })

  useEffect(() => {
    if (!parent.current) return
    const editor = new EditorView({
      parent: parent.current,
      state: EditorState.create({
        doc: current.current,
        extensions: [
          lineNumbers(),
          drawSelection(),
          look,
          markField,
          colours(language),
          wrap ? EditorView.lineWrapping : [],
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
          EditorState.readOnly.of(!editable),
          EditorView.editable.of(editable),
          editable ? [history(), focus, keymap.of([...KEYS, ...historyKeymap])] : [],
          EditorView.updateListener.of((update) => {
            if (update.docChanged) change.current?.(update.state.doc.toString())
          }),
        ],
      }),
    })
    view.current = editor
    return () => {
      editor.destroy()
      view.current = null
    }
  }, [editable, language, label, wrap])

  useEffect(() => {
    const editor = view.current
    if (!editor || editor.state.doc.toString() === value) return
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } })
  }, [value])

  useEffect(() => {
    view.current?.dispatch({ effects: setMark.of(mark?.line ?? null) })
  }, [mark?.line])

  return <div ref={parent} />
}
