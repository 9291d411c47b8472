/** Reads headings, links and code blocks in Markdown. */

export interface CodeBlock {
  /** The word after the three backticks: `sh`, `toml`, … */
  readonly language: string
  readonly text: string
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm

/** Returns the code blocks between lines that start with three backticks. */
export function codeBlocks(markdown: string): CodeBlock[] {
  return [...markdown.matchAll(FENCE)].map(([, language = '', text = '']) => ({ language, text }))
}

/** Returns the anchors that GitHub creates for headings: `## How it works` is `how-it-works`, the second of that name `how-it-works-1`. */
export function anchors(markdown: string): Set<string> {
  const found = new Set<string>()
  for (const [, heading = ''] of withoutCode(markdown).matchAll(/^#{1,6} +(.*)$/gm)) {
    const name = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')
    let anchor = name
    for (let count = 1; found.has(anchor); count++) anchor = `${name}-${count}`
    found.add(anchor)
  }
  return found
}

/** Returns the targets of links within the repository: `docs/errors.md#exit-codes`. */
export function relativeLinks(markdown: string): string[] {
  const inline = [...withoutCode(markdown).replace(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)]
  return inline.map(([, target = '']) => target).filter((target) => !/^[a-z]+:/.test(target))
}

function withoutCode(markdown: string): string {
  return markdown.replace(FENCE, '')
}

/** Returns the arguments of each `cnb …` command in the `sh` blocks, split as by a shell. */
export function cnbCommands(markdown: string): { readonly line: string; readonly argv: readonly string[] }[] {
  const lines = codeBlocks(markdown)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.replace(/\\\n\s*/g, ' ').split('\n'))
  return lines.flatMap((line) => {
    const words = shellWords(line)
    return words[0] === 'cnb' ? [{ line, argv: words.slice(1) }] : []
  })
}

/** Returns the words of a line's first command: up to a comment, a pipe, a redirection or another command. */
function shellWords(line: string): string[] {
  const words: string[] = []
  for (const [, quoted, word] of line.matchAll(/(?:^|\s+)(?:'([^']*)'(?=\s|$)|(\S+))/g)) {
    if (word !== undefined && /^(#|\||>|<|;|&&)/.test(word)) break
    words.push(quoted ?? (word ?? '').replace(/^"(.*)"$/, '$1'))
  }
  return words
}
