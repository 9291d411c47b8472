import { describe, expect, it } from 'vitest'
import { formatFields } from '../../../src/ui/fields.ts'
import { formatTable } from '../../../src/ui/table.ts'
import { makeTheme } from '../../../src/ui/theme.ts'
import { formatTree } from '../../../src/ui/tree.ts'

const plain = makeTheme(false)

describe('table', () => {
  it('omits empty columns', () => {
    expect(formatTable([{ title: 'ID' }, { title: 'HOMEPAGE' }, { title: 'API' }], [['a', '', '1']], plain)).toEqual(['  ID  API', '  a   1'])
  })

  it('aligns columns by visible width, numbers to the right', () => {
    const rows = [
      ['1.0 MB', 'node', 'cnb/node@1'],
      ['12.0 MB', 'app', ''],
    ]
    expect(formatTable([{ title: 'SIZE', align: 'right' }, { title: 'WHAT' }, { title: 'BY' }], rows, plain)).toEqual([
      '     SIZE  WHAT  BY',
      '   1.0 MB  node  cnb/node@1',
      '  12.0 MB  app',
    ])
  })

  it('omits optional columns on a narrow screen', () => {
    const columns = [{ title: 'ONE', spare: true }, { title: 'TWO' }, { title: 'THREE', spare: true }] as const
    const at = (width: number) => formatTable(columns, [['1', '2', '3']], makeTheme(false, width))[0]
    expect([17, 16, 9, 4].map(at)).toEqual(['  ONE  TWO  THREE', '  ONE  TWO', '  TWO', '  TWO'])
    expect(formatTable(columns, [['1', '2', '3']], plain)[0]).toBe('  ONE  TWO  THREE')
  })

  it('removes control characters from external text', () => {
    expect(formatTable([{ title: 'ID' }], [['a\u001b[2Jb\nc']], plain)).toEqual(['  ID', '  abc'])
  })
})

describe('fields', () => {
  it('omits entries without a value and aligns the others', () => {
    const lines = formatFields([['Image', 'a'], ['Stack', undefined], ['Run image', 'b\u001b]0;x\u0007']], plain)
    expect(lines).toEqual(['  Image      a', '  Run image  b'])
  })
})

describe('tree', () => {
  it('draws branches down to the last child', () => {
    expect(formatTree([{ label: 'one', children: [{ label: 'a', children: [{ label: 'x' }] }, { label: 'b' }] }, { label: 'two' }])).toEqual([
      '  ├ one',
      '  │ ├ a',
      '  │ │ └ x',
      '  │ └ b',
      '  └ two',
    ])
  })
})
