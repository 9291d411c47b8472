import { expect, test } from 'vitest'
import type { BuilderInfo } from '../../../../src/cli/pack/builder-document.ts'
import { viewText } from '../../../../src/cli/pack/view-text.ts'

test("has the columns and the tree of pack's builder inspect", () => {
  const apis = { deprecated: [], supported: ['0.7', '0.10'] }
  const group = (id: string, optional: boolean, inner: object[] = []) => ({ id, version: '1', optional, buildpacks: inner })
  const builder = {
    created_by: { name: 'cnb', version: '1' },
    stack: { id: 'acme' },
    lifecycle: { version: '0.21.0', buildpack_apis: apis, platform_apis: apis },
    run_images: [{ name: 'acme/mirror', user_configured: true }, { name: 'acme/run' }],
    buildpacks: [{ id: 'acme/node', name: 'Node', version: '1' }, { id: 'acme/all', version: '1', homepage: 'https://acme.example' }],
    detection_order: [
      { buildpacks: [group('acme/all', false, [{ buildpacks: [group('acme/node', true)] }]), group('acme/node', true)] },
      { buildpacks: [group('acme/longer-name', true)] },
    ],
  } as unknown as BuilderInfo
  // As pack 0.40.5 prints it.
  expect(viewText("Inspecting builder: 'acme/builder'", { remote: builder, local: undefined }, ['Trusted: No'])).toBe(`Inspecting builder: 'acme/builder'

REMOTE:

Created By:
  Name: cnb
  Version: 1

Trusted: No

Stack:
  ID: acme

Lifecycle:
  Version: 0.21.0
  Buildpack APIs:
    Deprecated: (none)
    Supported: 0.7, 0.10
  Platform APIs:
    Deprecated: (none)
    Supported: 0.7, 0.10

Run Images:
  acme/mirror    (user-configured)
  acme/run

Buildpacks:
  ID               NAME        VERSION        HOMEPAGE
  acme/node        Node        1              -
  acme/all         -           1              https://acme.example

Detection Order:
 ├ Group #1:
 │  ├ acme/all@1
 │  │  └ Group #1:
 │  │     └ acme/node@1    (optional)
 │  └ acme/node@1          (optional)
 └ Group #2:
    └ acme/longer-name@1    (optional)

LOCAL:
(not present)`)
})
