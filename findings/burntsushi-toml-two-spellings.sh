#!/usr/bin/env bash
# Two spellings of one key in a TOML file decode into one Go field, and which value stays differs from decode to decode.
#
# Version: github.com/BurntSushi/toml v1.5.0, Go 1.24 or later.
#
# Keys match struct fields without regard to capitals, which TOML itself does not do. So `exclude` and `Exclude` in one table are
# two valid keys of the document and one field of the struct. An error is expected, or that the exact spelling wins. The decoder
# walks the table in the order of a Go map, which is random, and the key that comes last stays: the same bytes give either value
# within one process. Tools such as pack and the buildpacks lifecycle read their files this way.
#
# Seen: the line at the end, which the run must print again.
set -euo pipefail
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"

cat >main.go <<'GO'
package main

import (
	"fmt"
	"slices"

	"github.com/BurntSushi/toml"
)

func main() {
	var seen []string
	for range 1000 {
		var into struct {
			Exclude []string `toml:"exclude"`
		}
		if _, err := toml.Decode("exclude = ['lower']\nExclude = ['upper']\n", &into); err != nil {
			seen = append(seen, err.Error())
		}
		seen = append(seen, into.Exclude...)
	}
	slices.Sort(seen)
	fmt.Println("values of one document, decoded 1000 times:", slices.Compact(seen))
}
GO
go mod init finding >/dev/null 2>&1
go get github.com/BurntSushi/toml@v1.5.0 >/dev/null 2>&1
CGO_ENABLED=0 go run . >seen
cat seen
diff - seen <<'SEEN'
values of one document, decoded 1000 times: [lower upper]
SEEN
