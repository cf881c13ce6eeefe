// CodeMirror as this product uses it. Only `CodeView` loads this file, lazily.
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  StreamLanguage,
  syntaxHighlighting,
} from '@codemirror/language'
import { javascript, json } from '@codemirror/legacy-modes/mode/javascript'
import { xml } from '@codemirror/legacy-modes/mode/xml'
import { Compartment, EditorState, type Extension, StateEffect, StateField } from '@codemirror/state'
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  keymap,
  lineNumbers,
} from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import type { Language } from './CodeView'

/** A word of these grammars that CodeMirror does not know by itself. */
const TOKENS = { property: tags.propertyName }

// These colour line by line. The grammars that know more weigh three times as much, and nothing here would use what they know.
const LANGUAGES: Record<Language, () => Extension> = {
  json: () => StreamLanguage.define({ ...json, tokenTable: TOKENS }),
  javascript: () => StreamLanguage.define({ ...javascript, tokenTable: TOKENS }),
  xml: () => StreamLanguage.define(xml),
  text: () => [],
}

export const colours = HighlightStyle.define([
  { tag: [tags.string, tags.attributeValue], color: 'var(--green)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--amber)' },
  { tag: [tags.propertyName, tags.attributeName, tags.definition(tags.variableName)], color: 'var(--blue)' },
  { tag: [tags.keyword, tags.tagName, tags.operatorKeyword], color: 'var(--violet)' },
  { tag: [tags.comment], color: 'var(--ink-3)', fontStyle: 'italic' },
  { tag: [tags.punctuation, tags.bracket, tags.separator], color: 'var(--ink-2)' },
])

export const look = EditorView.theme({
  '&': { backgroundColor: 'transparent', color: 'var(--ink)', fontSize: '12px', height: '100%' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '19px', overflow: 'auto' },
  '.cm-content': { padding: '8px 0', caretColor: 'var(--ink)' },
  '.cm-gutters': {
    backgroundColor: 'transparent',
    color: 'var(--ink-3)',
    border: 'none',
    paddingLeft: '6px',
  },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground, ::selection': {
    background: 'color-mix(in srgb, var(--accent) 28%, transparent) !important',
  },
  '.cm-matchingBracket': { backgroundColor: 'var(--bg-active) !important', color: 'inherit' },
  '.cm-marked': { backgroundColor: 'var(--red-soft)', boxShadow: 'inset 2px 0 0 var(--red)' },
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
  const languageSlot = useRef(new Compartment())
  const first = useRef({ value, language, label, wrap })
  const editable = onChange !== undefined
  useEffect(() => {
    change.current = onChange
  })

  useEffect(() => {
    if (!parent.current) return
    const editor = new EditorView({
      parent: parent.current,
      state: EditorState.create({
        doc: first.current.value,
        extensions: [
          lineNumbers(),
          drawSelection(),
          bracketMatching(),
          syntaxHighlighting(colours),
          look,
          markField,
          languageSlot.current.of(LANGUAGES[first.current.language]()),
          first.current.wrap ? EditorView.lineWrapping : [],
          EditorView.contentAttributes.of({ 'aria-label': first.current.label, tabindex: '0' }),
          EditorState.readOnly.of(!editable),
          EditorView.editable.of(editable),
          editable
            ? [history(), indentOnInput(), keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab])]
            : [],
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
  }, [editable])

  useEffect(() => {
    const editor = view.current
    if (!editor || editor.state.doc.toString() === value) return
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } })
  }, [value, editable])

  useEffect(() => {
    view.current?.dispatch({ effects: languageSlot.current.reconfigure(LANGUAGES[language]()) })
  }, [language])

  useEffect(() => {
    view.current?.dispatch({ effects: setMark.of(mark?.line ?? null) })
  }, [mark?.line])

  return <div ref={parent} />
}
