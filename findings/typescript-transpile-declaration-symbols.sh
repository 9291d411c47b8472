#!/usr/bin/env bash
# ts.transpileDeclaration writes each class method with a well-known symbol as its name twice, and the result does not compile.
#
# Version: TypeScript 6.0.3.
#
# ts.transpileDeclaration makes the .d.ts text of one file without a type check, which is what fast builds with isolatedDeclarations
# use. For `[Symbol.dispose]() {}` in a class it writes the method and, as the first member, a property of the same name. tsc with --declaration
# writes the method only. The API reports no diagnostic; users of the .d.ts see TS2300 unless they set skipLibCheck.
#
# Seen: the lines at the end, which the run must print again.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit --save-exact typescript@6.0.3 >/dev/null

cat >lease.ts <<'TS'
export class Lease {
  name(): string { return 'lease' }
  [Symbol.dispose](): void {}
}
TS
cat >run.js <<'JS'
const { readFileSync, writeFileSync } = require('node:fs')
const ts = require('typescript')
const compilerOptions = { target: ts.ScriptTarget.ESNext, lib: ['lib.esnext.d.ts'], isolatedDeclarations: true }
const { outputText, diagnostics } = ts.transpileDeclaration(readFileSync('lease.ts', 'utf8'), { compilerOptions, reportDiagnostics: true })
console.log(`transpileDeclaration, ${diagnostics.length} diagnostics:`)
console.log(outputText.trimEnd())
writeFileSync('transpiled.d.ts', outputText)
JS
{
  node run.js
  npx tsc --target esnext --lib esnext --declaration --emitDeclarationOnly --isolatedDeclarations lease.ts
  echo 'tsc --declaration:'
  cat lease.d.ts
  npx tsc --target esnext --lib esnext --noEmit transpiled.d.ts || true
} >seen
cat seen
diff - seen <<'SEEN'
transpileDeclaration, 0 diagnostics:
export declare class Lease {
    [Symbol.dispose]: () => void;
    name(): string;
    [Symbol.dispose](): void;
}
tsc --declaration:
export declare class Lease {
    name(): string;
    [Symbol.dispose](): void;
}
transpiled.d.ts(4,5): error TS2300: Duplicate identifier '[Symbol.dispose]'.
SEEN
