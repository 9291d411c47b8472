import { expect, test } from 'vitest'
import { encodeImageConfig, type ImageConfig } from '../../../src/oci/config.ts'
import { digestOf } from '../../../src/oci/digest.ts'

const [A, B] = [`sha256:${'ab'.repeat(32)}`, `sha256:${'0f'.repeat(32)}`] as const

/** Documents before and after go-containerregistry v0.20.6: json.Unmarshal to v1.ConfigFile, json.Marshal. */
const RECORDED: [string, ImageConfig, string][] = [
  [
    'writes what is never left out, an absent time as the year 1',
    { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [] } },
    '{"architecture":"amd64","created":"0001-01-01T00:00:00Z","os":"linux","rootfs":{"type":"layers","diff_ids":[]},"config":{}}',
  ],
  [
    'writes fields in their order, independent of the input, sorts maps by bytes, and escapes as Go does',
    {
      variant: 'v8',
      'os.version': '10.0',
      os: 'linux',
      architecture: 'arm64',
      author: 'A <a@b.c> & "co" \\ \u2028\u2029 \u0001\b\f\n\t é 😀',
      created: '1980-01-01T00:00:01Z',
      history: [
        { created: '1980-01-01T00:00:01Z' },
        { created_by: "Layer: 'x', Created by buildpack: a/b@1", comment: 'c', author: 'me', empty_layer: true, created: '2024-02-03T04:05:06.000000007Z' },
        {},
      ],
      rootfs: { type: 'layers', diff_ids: [A, B] },
      config: {
        Cmd: [],
        Entrypoint: ['/cnb/process/web'],
        Env: ['PATH=/a:/b', 'X=<&>'],
        User: '1000:1000',
        WorkingDir: '/workspace',
        Labels: { b: '2', a: '{"k":"<v>"}', '😀': 'astral', '\uFFFD': 'bmp', '10': 'x', '9': 'y', A: 'upper' },
        ExposedPorts: { '8080/tcp': {}, '10/tcp': {} },
        Volumes: { '/v': {} },
        Healthcheck: { Test: ['CMD', 'x'], Interval: 30000000000, Timeout: 0, Retries: 3 },
        OnBuild: [],
        StopSignal: 'SIGTERM',
        Shell: ['/bin/sh', '-c'],
        Tty: false,
        ArgsEscaped: true,
        Domainname: '',
        Hostname: 'h',
        Image: '',
      },
    },
    '{"architecture":"arm64","author":"A \\u003ca@b.c\\u003e \\u0026 \\"co\\" \\\\ \\u2028\\u2029 \\u0001\\b\\f\\n\\t é 😀","created":"1980-01-01T00:00:01Z",' +
      '"history":[{"created":"1980-01-01T00:00:01Z"},{"author":"me","created":"2024-02-03T04:05:06.000000007Z",' +
      '"created_by":"Layer: \'x\', Created by buildpack: a/b@1","comment":"c","empty_layer":true},{"created":"0001-01-01T00:00:00Z"}],' +
      `"os":"linux","rootfs":{"type":"layers","diff_ids":["${A}","${B}"]},` +
      '"config":{"Healthcheck":{"Test":["CMD","x"],"Interval":30000000000,"Retries":3},"Entrypoint":["/cnb/process/web"],' +
      '"Env":["PATH=/a:/b","X=\\u003c\\u0026\\u003e"],"Hostname":"h",' +
      '"Labels":{"10":"x","9":"y","A":"upper","a":"{\\"k\\":\\"\\u003cv\\u003e\\"}","b":"2","\uFFFD":"bmp","😀":"astral"},' +
      '"User":"1000:1000","Volumes":{"/v":{}},"WorkingDir":"/workspace","ExposedPorts":{"10/tcp":{},"8080/tcp":{}},"ArgsEscaped":true,' +
      '"StopSignal":"SIGTERM","Shell":["/bin/sh","-c"]},"os.version":"10.0","variant":"v8"}',
  ],
  [
    'leaves out empty and null settings, but not a healthcheck that is there',
    {
      architecture: 'amd64',
      os: 'linux',
      config: { Volumes: null, Cmd: null, Labels: {}, Healthcheck: {} },
      rootfs: { type: 'layers', diff_ids: [A] },
      history: [],
      'os.features': ['f'],
      docker_version: '20',
      container: 'abc',
    },
    '{"architecture":"amd64","container":"abc","created":"0001-01-01T00:00:00Z","docker_version":"20","os":"linux",' +
      `"rootfs":{"type":"layers","diff_ids":["${A}"]},"config":{"Healthcheck":{}},"os.features":["f"]}`,
  ],
]

test.each(RECORDED)('%s', (_, config, recorded) => {
  expect(encodeImageConfig(config).toString()).toBe(recorded)
})

test('omits members that go-containerregistry does not support, at every level', () => {
  const [, config] = RECORDED[0]!
  const Healthcheck = { Test: ['NONE'], StartInterval: 5 }
  const encoded = encodeImageConfig({ ...config, container_config: {}, 'moby.buildkit.buildinfo.v1': 'e30=', config: { Later: true, User: 'u', Healthcheck } })
  expect(encoded.toString()).toBe(
    '{"architecture":"amd64","created":"0001-01-01T00:00:00Z","os":"linux","rootfs":{"type":"layers","diff_ids":[]},' +
      '"config":{"Healthcheck":{"Test":["NONE"]},"User":"u"}}',
  )
})

test('encodes a config with keys in any order to the same bytes', () => {
  const { architecture, os, config, rootfs } = RECORDED[1]![1]
  const turned = { rootfs, config: Object.fromEntries(Object.entries(config).reverse()), os, architecture }
  expect(digestOf(encodeImageConfig(turned))).toBe(digestOf(encodeImageConfig({ architecture, os, config, rootfs })))
})
