/** Trees drawn with lines. */

export interface TreeNode {
  readonly label: string
  readonly children?: readonly TreeNode[]
}

/** Returns one line per node, children below their parent. */
export function formatTree(nodes: readonly TreeNode[], indent = '  '): string[] {
  return nodes.flatMap(({ label, children = [] }, index) => {
    const last = index === nodes.length - 1
    return [`${indent}${last ? '└ ' : '├ '}${label}`, ...formatTree(children, `${indent}${last ? '  ' : '│ '}`)]
  })
}
