/** The counted habits of unclear English, in comments, messages, test titles and documents. */

import ts from 'typescript'

/** `comment`: one comment, `message`: a string of src with a space, `help` and `hint`: values of such keys, `title`: a test's. */
type TextKind = 'comment' | 'message' | 'help' | 'hint' | 'title' | 'document'

export interface Text {
  readonly kind: TextKind
  readonly text: string
  /** From 1. */
  readonly line: number
  /** Whether it is the first token of the file. */
  readonly first?: boolean
}

interface Habit {
  readonly pattern: RegExp
  /** The kinds of text in which the habit counts; default: all. */
  readonly kinds?: readonly TextKind[]
  /** Whether the habit counts only in the first comment of a file. */
  readonly first?: true
}

/** The habits by their names in language-counts.json. Every match of a pattern counts, so each has the flag `g`. */
export const HABITS: Readonly<Record<string, Habit>> = {
  'gives': { pattern: /\b(gives?|gave)\b/gi },
  'tells': { pattern: /\b(tells?|told)\b/gi },
  'asks': { pattern: /\bask(s|ed|ing)?\b/gi },
  'knows': { pattern: /\b(knows?|knew)\b/gi },
  'talks': { pattern: /\b(talk(s|ed|ing)?|speaks?)\b/gi },
  'stands': { pattern: /\b(stands?|stood|lies|goes|went)\b/gi },
  'what is': { pattern: /\bwhat (is|was|are|were)\b/gi },
  'what it': { pattern: /\bwhat (it|they|he|the|a|an|its|their|comes|came|has|had|makes?)\b/gi },
  'whose': { pattern: /\bwhose\b/gi },
  'nobody': { pattern: /\b(nobody|somebody|anybody|whoever|whatever)\b/gi },
  'one (a person)': { pattern: /\b(one's|one (is|has|may|can|must|wants|needs|asks|gets))\b/gi },
  'is no': { pattern: /\b(is|are|was|were) no(ne)?\b(?! (longer|more)\b)/gi },
  'so that': { pattern: /\bso that\b/gi },
  'of its own': { pattern: /\bof (its|their|one's|our|your|my) own\b/gi },
  'the peer': { pattern: /\bpeers?\b/gi },
  'beside': { pattern: /\bbeside\b/gi },
  'in words': { pattern: /\b(in|own) words\b/gi },
  'is named': { pattern: /\b(is|are) (named|called)\b/gi },
  'long first line': { pattern: /^.{101,}/g, kinds: ['comment'], first: true },
  'long help': { pattern: /^.{60,}[^. ]$/gs, kinds: ['help'] },
  'help is a sentence': { pattern: /^([A-Z][a-z](?!.*[. ]$)|(what|how|which|whether|who)\b)/gs, kinds: ['help'] },
  'hint is no order': { pattern: /^(?!(Do|Use|Set|Add|Pass|Run)\b)(The|It|Its|An?|This|These|That|What|Who|There|Is|Are|With|Without|[a-z])\b/g, kinds: ['hint'] },
  'title is no verb': { pattern: /^(?!(?:#\d+ )*(?:(?:\w*[a-z]s|can|cannot|may|must|never|only|still|also|always)\b|%|\$))\S*/g, kinds: ['title'] },
}

/** Matches texts with any habit that is a word. Most texts have none, so this saves most of the time. */
const ANY_WORD = new RegExp(Object.values(HABITS).flatMap(({ pattern, kinds }) => (kinds ? [] : pattern.source)).join('|'), 'i')

export interface Occurrence {
  readonly habit: string
  readonly line: number
  readonly words: string
}

/** Returns the habits in a file, in the order of {@link HABITS}. @param path with its extension: `.ts` or `.md` */
export function habitsIn(path: string, content: string): Occurrence[] {
  const texts = path.endsWith('.md') ? documentTexts(content) : sourceTexts(content, path.startsWith('src/'))
  const suspects = texts.filter(({ text }) => ANY_WORD.test(text))
  return Object.entries(HABITS).flatMap(([habit, { pattern, kinds, first }]) =>
    (kinds ? texts : suspects)
      .filter((text) => (kinds?.includes(text.kind) ?? true) && (first === undefined || text.first === true))
      .flatMap(({ text, line }) => [...text.matchAll(pattern)].map((match) => ({ habit, line: line + linesBefore(text, match.index), words: match[0] }))),
  )
}

/** Returns the lines of a document without code blocks. */
function documentTexts(content: string): Text[] {
  const withoutCode = content.replace(/^```.*?^```/gms, (block) => '\n'.repeat(linesBefore(block, block.length)))
  return withoutCode.split('\n').map((text, index) => ({ kind: 'document', text, line: index + 1 }))
}

/**
 * Returns the texts of a TypeScript file.
 * @param messages whether to include strings with a space, in addition to test titles
 */
export function sourceTexts(content: string, messages: boolean): Text[] {
  const found: Text[] = []
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false, ts.LanguageVariant.Standard, content)
  let line = 1
  let counted = 0
  /** The last four tokens of code, the newest first. */
  let before: { kind: ts.SyntaxKind; text: string }[] = []
  /** For each open `{` or `${`: the text of the template that continues after it, if any. */
  const open: (string | undefined)[] = []
  const add = (text: string, kind: TextKind | undefined): void => {
    if (kind !== undefined) found.push({ kind, text, line, ...(counted === 0 ? { first: true } : {}) })
  }
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    const start = scanner.getTokenStart()
    line += linesBetween(content, counted, start)
    if (kind === ts.SyntaxKind.SlashToken && regexMayFollow(before[0])) kind = scanner.reScanSlashToken()
    if (kind === ts.SyntaxKind.OpenBraceToken) open.push(undefined)
    if (kind === ts.SyntaxKind.CloseBraceToken) {
      const template = open.pop()
      if (template !== undefined) {
        kind = scanner.reScanTemplateToken(false)
        const text = `${template}…${scanner.getTokenValue()}`
        if (kind === ts.SyntaxKind.TemplateMiddle) open.push(text)
        else add(text, kindOf(text, before, messages))
      }
    }
    if (kind === ts.SyntaxKind.TemplateHead) open.push(scanner.getTokenValue())
    if (kind === ts.SyntaxKind.StringLiteral || kind === ts.SyntaxKind.NoSubstitutionTemplateLiteral) {
      add(scanner.getTokenValue(), kindOf(scanner.getTokenValue(), before, messages))
    }
    const token = scanner.getTokenText()
    if (kind === ts.SyntaxKind.SingleLineCommentTrivia || kind === ts.SyntaxKind.MultiLineCommentTrivia) add(commentText(token), 'comment')
    else if (kind > ts.SyntaxKind.LastTriviaToken) before = [{ kind, text: token }, ...before.slice(0, 3)]
    counted = start
  }
  return found
}

/** Returns the kind of a string by the tokens before it. */
function kindOf(text: string, before: readonly { text: string }[], messages: boolean): TextKind | undefined {
  const [last, second, third] = before.map((token) => token.text)
  if (!messages) {
    const isTitle = last === '(' && (second === 'it' || second === 'test' || (second === ')' && text.includes(' ')) || (second === 'only' && third === '.'))
    return isTitle ? 'title' : undefined
  }
  if (!text.includes(' ')) return undefined
  if (last === ':' && second === 'hint') return 'hint'
  return last === ':' && (second === 'description' || second === 'summary') && third !== '}' ? 'help' : 'message'
}

/** Returns a comment without its marks, with the same lines. */
function commentText(comment: string): string {
  return comment.replace(/^\/\*\*?|\*\/$|^\/\//g, '').replace(/^\s*\* ?/gm, '').trim()
}

function regexMayFollow(token: { kind: ts.SyntaxKind } | undefined): boolean {
  if (token === undefined) return true
  const ends = [ts.SyntaxKind.Identifier, ts.SyntaxKind.CloseParenToken, ts.SyntaxKind.CloseBracketToken, ts.SyntaxKind.NumericLiteral]
  return !ends.includes(token.kind)
}

function linesBefore(text: string, index: number): number {
  return linesBetween(text, 0, index)
}

function linesBetween(text: string, from: number, to: number): number {
  let lines = 0
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) lines++
  return lines
}
