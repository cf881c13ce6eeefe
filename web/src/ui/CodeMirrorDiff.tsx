// CodeMirror's view of a change. Only `DiffView` loads this file, lazily.
import { StreamLanguage, syntaxHighlighting } from '@codemirror/language'
import { json } from '@codemirror/legacy-modes/mode/javascript'
import { unifiedMergeView } from '@codemirror/merge'
import { EditorState } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import { useEffect, useRef } from 'react'
import { colours, look } from './CodeMirror'

const changes = EditorView.theme({
  '.cm-changedLine': { backgroundColor: 'var(--green-soft) !important' },
  '.cm-deletedChunk': { backgroundColor: 'var(--red-soft)', paddingLeft: '6px' },
  '.cm-changedText, .cm-insertedLine .cm-changedText': {
    background: 'color-mix(in srgb, var(--green) 26%, transparent) !important',
  },
  '.cm-deletedChunk .cm-deletedText, .cm-deletedLine del': {
    background: 'color-mix(in srgb, var(--red) 26%, transparent) !important',
    textDecoration: 'none',
  },
  '.cm-collapsedLines': {
    background: 'var(--bg-active)',
    color: 'var(--ink-2)',
    padding: '2px 12px',
  },
  '.cm-collapsedLines:before, .cm-collapsedLines:after': { content: '"…" !important' },
})

type Props = { before: string; after: string; label: string }

export default function CodeMirrorDiff({ before, after, label }: Props) {
  const parent = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!parent.current) return
    const editor = new EditorView({
      parent: parent.current,
      state: EditorState.create({
        doc: after,
        extensions: [
          lineNumbers(),
          StreamLanguage.define(json),
          syntaxHighlighting(colours),
          look,
          changes,
          EditorView.editable.of(false),
          EditorState.readOnly.of(true),
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
          unifiedMergeView({
            original: before,
            mergeControls: false,
            gutter: false,
            collapseUnchanged: { margin: 3, minSize: 6 },
          }),
        ],
      }),
    })
    return () => editor.destroy()
  }, [before, after, label])
  return <div ref={parent} />
}
