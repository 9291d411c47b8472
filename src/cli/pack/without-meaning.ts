/** Options and commands of pack 0.40 and kpack that cnb accepts and ignores, with the reason. */

/** By command and option, in commander's format. The reason is a clause that follows "has no effect: ". */
export const OPTIONS_WITHOUT_MEANING: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  build: { '--interactive': 'cnb has no full-screen display' },
  inspect: { '--bom': "lifecycles no longer write that label; use 'cnb sbom download'" },
  'buildpack new': { '-s, --stacks <stacks>': 'stacks are deprecated; use --targets' },
  import: { '--force': 'cnb imports without a question', '--show-changes': "use '--dry-run -o yaml'" },
  logs: { '--kubeconfig <path>': 'cnb needs no cluster', '--master <address>': 'cnb needs no cluster' },
}

/** By the words of the command. pack's own versions of the extension commands do nothing either. */
export const COMMANDS_WITHOUT_MEANING: Readonly<Record<string, string>> = {
  'stack suggest': "stacks are deprecated; use 'cnb builder suggest'",
  'extension pull': 'extensions are not in the buildpack registry',
  'extension register': 'extensions are not in the buildpack registry',
  'extension yank': 'extensions are not in the buildpack registry',
}

/** Returns the line for an option or command that is ignored. */
export function noEffect(name: string, reason: string): string {
  return `${name} has no effect: ${reason}`
}
