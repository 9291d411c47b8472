/**
 * Commands that CI systems read from a job's output, and text of others without them. GitHub Actions takes a line that begins
 * with `::name`, after any white space, and `##[name]` anywhere in a line (actions/runner, ActionCommand.cs); Azure Pipelines
 * takes `##[name]` and `##vso[…]`, TeamCity `##teamcity[…]`.
 */

/** `^` stands behind every line separator, so that the white space after it needs none of them. */
const LINE_START = /^([^\S\r\n\u2028\u2029]|\u0085)*(?=::)/gm
const BRACKET = /##(?=[a-z]*\[)/gi

/** Text of any number of lines with a backslash in each place where a runner would find a command. */
export function defuseText(text: string): string {
  return text.replace(LINE_START, '$&\\').replace(BRACKET, '##\\')
}

/**
 * The same for a document whose strings that may hold a command are in double quotes: `\u0023` stands for `#` in JSON, YAML and
 * TOML alike, so that a parser reads the same values. Lines of such a document never begin with `::`.
 */
export function defuseDocument(document: string): string {
  return document.replace(BRACKET, '#\\u0023')
}
