/** Aliases of kp's commands. Help does not list them. */

export const KP_ALIASES: Readonly<Record<string, string>> = {
  ...aliasesOf('image', 'images imgs img'),
  ...aliasesOf('secret', 'secrets'),
  ...aliasesOf('builder', 'bldrs bldr'),
  ...aliasesOf('clusterbuilder', 'clusterbuilders clstrbldrs clstrbldr cbldrs cbldr cbs cb'),
  ...aliasesOf('clusterbuildpack', 'clusterbuildpacks clstrbps clstrbp cbps cbp'),
  ...aliasesOf('clusterstack', 'clusterstacks clstrcsks clstrcsk cstacks cstack cstks cstk csks csk'),
  ...aliasesOf('clusterstore', 'clusterstores clstrcsrs clstrcsr cstores cstore cstrs cstr csrs csr'),
  ...aliasesOf('clusterlifecycle', 'clusterlifecycles clstrlcs clstrlc clcs clc'),
  'clusterstack update': 'clusterstack patch',
  'clusterlifecycle update': 'clusterlifecycle patch',
}

function aliasesOf(noun: string, words: string): Record<string, string> {
  return Object.fromEntries(words.split(' ').map((word) => [word, noun]))
}
