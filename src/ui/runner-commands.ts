/**
 * Escapes commands that CI systems read from a job's output.
 *
 * GitHub Actions recognizes a line that begins with `::name`, after optional white space, and `##[name]` anywhere in a line
 * (actions/runner, ActionCommand.cs); Azure Pipelines recognizes `##[name]` and `##vso[…]`, TeamCity `##teamcity[…]`.
 */

/** `^` matches after every line separator, so the white space after it needs to match none of them. */
const LINE_START = /^([^\S\r\n\u2028\u2029]|\u0085)*(?=::)/gm
const BRACKET = /##(?=[a-z]*\[)/gi

/** Inserts a backslash at each place where a CI runner would recognize a command. */
export function defuseText(text: string): string {
  return text.replace(LINE_START, '$&\\').replace(BRACKET, '##\\')
}

/**
 * The same for a document that keeps strings with a command in double quotes: in JSON, YAML and TOML, `\u0023` means `#`, and a
 * parser reads the same values. Lines of such a document never begin with `::`.
 */
export function defuseDocument(document: string): string {
  return document.replace(BRACKET, '#\\u0023')
}
