#!/usr/bin/env bash
# The lifecycle treats a run image named by digest as the tag `latest` when it decides whether a rebase may use it.
#
# Version: github.com/buildpacks/lifecycle v0.21.0 (platform/files, used by the rebaser), Go 1.24 or later.
#
# The rebaser compares the name given by -run-image with the names in the app's label. The expectation is that it compares either
# repositories or exact images. It cuts the digest first and completes a missing tag with `latest` afterwards. So `run@sha256:…`
# is refused for an app whose label has `run:1`, even when that is the very image, and accepted for an app whose label has
# `run` or `run:latest`, whatever the digest is. With a tag beside the digest the tag alone decides.
#
# Seen: the lines at the end, which the run must print again.
set -euo pipefail
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"

cat >main.go <<'GO'
package main

import (
	"fmt"
	"strings"

	"github.com/buildpacks/lifecycle/platform/files"
)

func main() {
	one, other := "@sha256:"+strings.Repeat("1", 64), "@sha256:"+strings.Repeat("2", 64)
	for _, names := range [][2]string{
		{"example.com/run:1", "example.com/run" + one},
		{"example.com/run:1", "example.com/run:1" + one},
		{"example.com/run", "example.com/run" + one},
		{"example.com/run" + one, "example.com/run:latest"},
		{"example.com/run:1" + one, "example.com/run:1" + other},
		{"example.com/run:1" + one, "example.com/run" + one},
	} {
		label := files.RunImageForExport{Image: names[0]}
		short := strings.NewReplacer(one, "@sha256:1", other, "@sha256:2")
		fmt.Printf("label %s, asked %s: %t\n", short.Replace(names[0]), short.Replace(names[1]), label.Contains(names[1]))
	}
}
GO
go mod init finding >/dev/null 2>&1
go get github.com/buildpacks/lifecycle@v0.21.0 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
CGO_ENABLED=0 go run . >seen
cat seen
diff - seen <<'SEEN'
label example.com/run:1, asked example.com/run@sha256:1: false
label example.com/run:1, asked example.com/run:1@sha256:1: true
label example.com/run, asked example.com/run@sha256:1: true
label example.com/run@sha256:1, asked example.com/run:latest: true
label example.com/run:1@sha256:1, asked example.com/run:1@sha256:2: true
label example.com/run:1@sha256:1, asked example.com/run@sha256:1: false
SEEN
