/** Where each of the 85 checks of docs/conformance.md is tested, or why it is not. test/unit/conformance.test.ts holds this to be true. */

/** A test file below test/, and words of a title in it. */
type Place = readonly [file: string, title: string]

export type Check =
  /** With both drivers, in test/e2e/conformance/conformance-*.test.ts or in the file `in`; titles begin with their checks' numbers. */
  | { readonly tested: 'both drivers'; readonly in?: string }
  /** By tests of code that both drivers share, or by tests that check more than this. */
  | { readonly tested: 'elsewhere'; readonly by: readonly Place[] }
  /** The stock driver refuses the feature. */
  | { readonly tested: 'native only'; readonly by: readonly Place[] }
  | { readonly tested: 'not yet'; readonly why: string }

const both = (file?: string): Check => ({ tested: 'both drivers', ...(file === undefined ? {} : { in: file }) })
const by = (...places: Place[]): Check => ({ tested: 'elsewhere', by: places })
const nativeOnly = (...places: Place[]): Check => ({ tested: 'native only', by: places })
const notYet = (why: string): Check => ({ tested: 'not yet', why })

export const CHECKS: Readonly<Record<number, Check>> = {
  1: both(),
  2: by(['unit/builder/read-builder.test.ts', 'api'], ['e2e/build/build-failures.test.ts', 'with Platform APIs that cnb does not know']),
  3: by(['e2e/build/build-options.test.ts', 'is described by --output json']),
  4: by(['unit/lifecycle/phase.test.ts', 'creator']),
  5: both(),
  6: by(['unit/builder/read-builder.test.ts', 'no CNB_USER_ID'], ['e2e/build/build-failures.test.ts', 'whose user is not a number']),
  7: both(),
  8: nativeOnly(['e2e/build/publish.test.ts', 'a run image in a registry is read there'], ['e2e/rebase/rebase-publish.test.ts', 'is rebased as one']),
  9: both(), 10: both(), 11: both(), 12: both(), 13: both(),
  14: both('e2e/build/hostile.test.ts'),
  15: nativeOnly(
    ['unit/registry/auth/keychain.test.ts', 'prefers CNB_REGISTRY_AUTH for its hosts over all files'],
    ['e2e/build/publish.test.ts', 'credentials never reach the build'],
  ),
  16: by(
    ['unit/registry/auth/keychain.test.ts', 'prefers credHelpers, then credsStore, then auths, with fallback'],
    ['unit/registry/auth/authentication.test.ts', 'requests an anonymous token, for pull only'],
  ),
  17: both(), 18: both(), 19: both(), 20: both(), 21: both(), 22: both(), 23: both(), 24: both(), 25: both(), 26: both(),
  27: both(), 28: both(), 29: both(), 30: both(), 31: both(),
  32: by(['e2e/build/build-failures.test.ts', 'that is missing is told by name']),
  33: nativeOnly(
    ['e2e/build/publish.test.ts', '#33 layers of a --previous-image in another repository are mounted, those of one in another registry copied'],
    ['e2e/build/publish.test.ts', '#33 a --previous-image that may not be read is told of before anything is built'],
  ),
  34: both(), 35: both(), 36: both(), 37: both(), 38: both(), 39: both(), 40: both(),
  41: both(),
  42: both(), 43: both(), 44: both(), 45: both(), 46: both(), 47: both(), 48: both(), 49: both(), 50: both(), 51: both(),
  52: both(), 53: both(), 54: both(), 55: both(), 56: both(), 57: both(), 58: both(), 59: both(),
  60: both('e2e/conformance/parity.test.ts'),
  61: both(), 62: both(), 63: both(), 64: both(),
  65: notYet('a layout is the directory in `--to`: image names are not mapped to paths below a root'),
  66: nativeOnly(
    ['unit/registry/transport/transport.test.ts', 'accepts any certificate for an insecure registry only'],
    ['unit/registry/transport/proxies.test.ts', 'never uses plain HTTP for a secure registry'],
  ),
  67: both('e2e/build/caches.test.ts'),
  68: both('e2e/build/caches.test.ts'),
  69: nativeOnly(['e2e/build/cache-image.test.ts', 'the stock restorer restores what is in it']),
  70: both('e2e/conformance/parity.test.ts'),
  71: both(),
  72: both('e2e/build/caches.test.ts'),
  73: both(), 74: both(), 75: both(),
  76: by(
    ['unit/images/find/run-image.test.ts', "puts the app's registry first"],
    ['unit/images/find/run-image.test.ts', 'goes on when an image cannot be had'],
    ['e2e/cli/config-file.test.ts', 'a build takes builder, pull policy and mirrors of run images from it'],
  ),
  77: by(['e2e/rebase/rebase.test.ts', 'puts the app on its moved run image']),
  78: by(['e2e/rebase/rebase.test.ts', 'onto a run image of another name'], ['e2e/rebase/rebase.test.ts', 'onto another architecture'], ['unit/images/rebase/rebase-rules.test.ts', 'stack']),
  79: by(['e2e/rebase/rebase.test.ts', 'puts the app on its moved run image'], ['unit/images/rebase/rebase-plan.test.ts', 'label']),
  80: by(['e2e/rebase/rebase.test.ts', 'of a --previous-image makes a new image'], ['e2e/rebase/rebase.test.ts', 'leaves a rebuild its layers']),
  81: notYet('package files are read (unit/buildpacks/package-file.test.ts), but not written'),
  82: notYet('images of packages are neither read nor made'),
  83: by(['e2e/cli/builder-create.test.ts', 'has one image ID'], ['engine/builder/create.test.ts', '']),
  84: nativeOnly(
    ['e2e/build/extensions.test.ts', 'gives the buildpack what it needs, and the buildpack is still the build user'],
    ['e2e/build/extensions.test.ts', 'switches it to another, whose target the buildpacks are told'],
    ['e2e/build/extensions.test.ts', 'adds its files as layers of its own, and its settings'],
    ['e2e/build/extensions.test.ts', 'with contexts and arguments of their own'],
    ['e2e/build/extensions.test.ts', 'fails when it leaves root as the user'],
    ['e2e/build/extensions.test.ts', 'is refused unless each Dockerfile says that it may be done'],
    ['e2e/build/extensions.test.ts', 'as the stock lifecycle makes it, but for times'],
  ),
  85: notYet('buildpack registries are not searched'),
}
