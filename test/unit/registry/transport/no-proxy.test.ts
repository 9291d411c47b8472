import { expect, test } from 'vitest'
import { readNoProxy } from '../../../../src/registry/transport/no-proxy.ts'

const ALL =
  'https://a.example https://a.example:5000 http://a.example https://x.a.example https://xa.example http://x.a.example:5000 ' +
  'https://b.example https://10.0.0.1 https://10.0.0.1:5000 https://10.9.9.9 https://[fd00::1] https://[fd00::1]:5000 ' +
  'https://[::ffff:a00:1] https://xn--bcher-kva.example https://x.xn--bcher-kva.example https://a_b.example https://x.localhost'

/** The hosts of ALL that golang.org/x/net/http/httpproxy v0.62.0 reaches directly. */
test.each([
  ['', ''],
  ['*', ALL],
  ['a.example,*', ALL],
  ['* ', ALL],
  [' *,a.example', ALL],
  ['*.example', 'https://a.example https://a.example:5000 http://a.example https://x.a.example https://xa.example http://x.a.example:5000 https://b.example https://xn--bcher-kva.example https://x.xn--bcher-kva.example https://a_b.example'],
  ['*.a.example', 'https://x.a.example http://x.a.example:5000'],
  ['*a.example', ''],
  ['.a.example', 'https://x.a.example http://x.a.example:5000'],
  ['a.example', 'https://a.example https://a.example:5000 http://a.example https://x.a.example http://x.a.example:5000'],
  ['A.Example', 'https://a.example https://a.example:5000 http://a.example https://x.a.example http://x.a.example:5000'],
  [' a.example \t, b.example ', 'https://a.example https://a.example:5000 http://a.example https://x.a.example http://x.a.example:5000 https://b.example'],
  ['a.example b.example', ''],
  ['a.example,,b.example,', 'https://a.example https://a.example:5000 http://a.example https://x.a.example http://x.a.example:5000 https://b.example'],
  ['a.example:443', 'https://a.example https://x.a.example'],
  ['a.example:5000', 'https://a.example:5000 http://x.a.example:5000'],
  ['.a.example:5000', 'http://x.a.example:5000'],
  ['*.a.example:5000', 'http://x.a.example:5000'],
  ['a.example:', 'https://a.example https://a.example:5000 http://a.example https://x.a.example http://x.a.example:5000'],
  [':443', ''],
  ['*:443', ''],
  ['example', 'https://a.example https://a.example:5000 http://a.example https://x.a.example https://xa.example http://x.a.example:5000 https://b.example https://xn--bcher-kva.example https://x.xn--bcher-kva.example https://a_b.example'],
  ['.example', 'https://a.example https://a.example:5000 http://a.example https://x.a.example https://xa.example http://x.a.example:5000 https://b.example https://xn--bcher-kva.example https://x.xn--bcher-kva.example https://a_b.example'],
  ['.', ''],
  ['*.', ''],
  ['bücher.example', 'https://xn--bcher-kva.example https://x.xn--bcher-kva.example'],
  ['xn--bcher-kva.example', 'https://xn--bcher-kva.example https://x.xn--bcher-kva.example'],
  ['.bücher.example', 'https://x.xn--bcher-kva.example'],
  ['10.0.0.1', 'https://10.0.0.1 https://10.0.0.1:5000 https://[::ffff:a00:1]'],
  ['10.0.0.1:443', 'https://10.0.0.1 https://[::ffff:a00:1]'],
  ['10.0.0.1:5000', 'https://10.0.0.1:5000'],
  ['10.0.0.0/8', 'https://10.0.0.1 https://10.0.0.1:5000 https://10.9.9.9 https://[::ffff:a00:1]'],
  ['10.0.0.0/8:443', ''],
  ['10.9.9.9/8', 'https://10.0.0.1 https://10.0.0.1:5000 https://10.9.9.9 https://[::ffff:a00:1]'],
  ['10.0.0.0/33', ''],
  ['10.0.0.0/08', 'https://10.0.0.1 https://10.0.0.1:5000 https://10.9.9.9 https://[::ffff:a00:1]'],
  ['10.0.0.0/', ''],
  ['10.0.0.0/a', ''],
  ['0.0.0.0/0', 'https://10.0.0.1 https://10.0.0.1:5000 https://10.9.9.9 https://[::ffff:a00:1]'],
  ['10.0.0.', ''],
  ['10.', ''],
  ['10', ''],
  ['.0.0.1', ''],
  ['*.0.0.1', ''],
  ['010.0.0.1', ''],
  ['192.168.0.0/16,10.0.0.0/24', 'https://10.0.0.1 https://10.0.0.1:5000 https://[::ffff:a00:1]'],
  ['::/0', 'https://[fd00::1] https://[fd00::1]:5000'],
  ['fd00::/8', 'https://[fd00::1] https://[fd00::1]:5000'],
  ['fd00::1', 'https://[fd00::1] https://[fd00::1]:5000'],
  ['[fd00::1]', ''],
  ['[fd00::1]:443', 'https://[fd00::1]'],
  ['[fd00::1]:5000', 'https://[fd00::1]:5000'],
  ['[fd00::1', ''],
  ['FD00:0::1', 'https://[fd00::1] https://[fd00::1]:5000'],
  ['fd00::1%eth0', ''],
  ['[fd00::/8]', ''],
  ['::ffff:10.0.0.1', 'https://10.0.0.1 https://10.0.0.1:5000 https://[::ffff:a00:1]'],
  ['::ffff:10.0.0.0/104', 'https://10.0.0.1 https://10.0.0.1:5000 https://10.9.9.9 https://[::ffff:a00:1]'],
  ['::ffff:0a00:0001', 'https://10.0.0.1 https://10.0.0.1:5000 https://[::ffff:a00:1]'],
  ['10.0.0.1,fd00::1,a.example:5000', 'https://a.example:5000 http://x.a.example:5000 https://10.0.0.1 https://10.0.0.1:5000 https://[fd00::1] https://[fd00::1]:5000 https://[::ffff:a00:1]'],
  ['localhost', 'https://x.localhost'],
  ['127.0.0.1', ''],
  ['https://a.example', ''],
  ['a.example/path', ''],
  ['a.example:http', ''],
  ['[a.example]:443', 'https://a.example https://x.a.example'],
  ['a_b.example', 'https://a_b.example'],
])("reaches the same hosts directly as Go with '%s'", (list, direct) => {
  const isDirect = readNoProxy(list)
  expect(ALL.split(' ').filter((url) => isDirect(new URL(url))).join(' ')).toBe(direct)
})

test.each(['https://localhost', 'http://localhost:5000', 'https://127.9.9.9:5000', 'https://[::1]', 'https://[::ffff:7f00:1]'])('always reaches %s directly', (url) => {
  for (const list of ['', 'a.example', '10.0.0.0/8']) expect(readNoProxy(list)(new URL(url))).toBe(true)
})
