// Colours for what is read and written here: JSON, JavaScript, XML. One regular expression for each finds what is coloured;
// whoever wants a grammar has an editor for it.

export type Token = { from: number; to: number; kind: TokenKind }
export type TokenKind = 'string' | 'number' | 'name' | 'keyword' | 'comment'

type Rule = { find: RegExp; kind: (match: RegExpExecArray) => TokenKind | null }

const KEYWORDS =
  'async|await|break|case|catch|class|const|continue|default|delete|do|else|export|extends|false|finally|for|function|if|import|in|instanceof|let|new|null|of|return|static|super|switch|this|throw|true|try|typeof|undefined|var|void|while|yield'

const RULES: Record<'json' | 'javascript' | 'xml', Rule> = {
  json: {
    find: /("(?:[^"\\\n]|\\.)*")(?=(\s*:)?)|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(?:true|false|null)\b/g,
    kind: (match) => (match[1] ? (match[2] ? 'name' : 'string') : match[3] ? 'number' : 'keyword'),
  },
  javascript: {
    find: new RegExp(
      `(//[^\\n]*|/\\*[\\s\\S]*?(?:\\*/|$))|("(?:[^"\\\\\\n]|\\\\.)*"?|'(?:[^'\\\\\\n]|\\\\.)*'?|\`(?:[^\`\\\\]|\\\\[\\s\\S])*\`?)|(\\b\\d[\\w.]*)|(\\.[A-Za-z_$][\\w$]*)|\\b(?:${KEYWORDS})\\b`,
      'g',
    ),
    kind: (match) =>
      match[1] ? 'comment' : match[2] ? 'string' : match[3] ? 'number' : match[4] ? 'name' : 'keyword',
  },
  xml: {
    find: /(<!--[\s\S]*?(?:-->|$))|(<[/?!]?[\w:.-]+|[/?]?>)|([\w:.-]+)(?==["'])|("[^"<]*"|'[^'<]*')/g,
    kind: (match) => (match[1] ? 'comment' : match[2] ? 'keyword' : match[3] ? 'name' : 'string'),
  },
}

/** What is coloured in a text, in order. */
export function tokens(text: string, language: 'json' | 'javascript' | 'xml' | 'text'): Token[] {
  if (language === 'text') return []
  const { find, kind } = RULES[language]
  const found: Token[] = []
  find.lastIndex = 0
  for (let match = find.exec(text); match !== null; match = find.exec(text)) {
    const is = kind(match)
    if (match[0] === '') find.lastIndex += 1
    else if (is) found.push({ from: match.index, to: match.index + match[0].length, kind: is })
  }
  return found
}
