#!/usr/bin/env bash
# After a rebase onto a run image in another repository, the status of kpack's Build names a run image that need not exist.
#
# Version: kpack 0.18.0 (github.com/pivotal/kpack), with the lifecycle that its go.mod names. Needs Go 1.25 or newer and some minutes to compile.
#
# A ClusterStack that moves to another registry or repository makes kpack rebase its images. kpack's rebase runs the lifecycle with
# Platform API 0.9, which replaces the reference of the run image in the label io.buildpacks.lifecycle.metadata, but keeps the name in
# `stack.runImage.image`. kpack joins the two: the status gets the old repository with the new digest. A tool that pulls or scans
# `status.stack.runImage` finds no such image, although the app image is right.
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
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/pivotal/kpack/pkg/cnb"
	kpackregistry "github.com/pivotal/kpack/pkg/registry"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")

	// Two run images of one stack, in two repositories, and an app on the first one.
	push := func(to string, image v1.Image, labels map[string]string) v1.Image {
		config := must(image.ConfigFile()).DeepCopy()
		config.OS, config.Architecture, config.Config.Labels = "linux", "amd64", labels
		image = must(mutate.ConfigFile(image, config))
		if err := remote.Write(must(name.ParseReference(host+"/"+to)), image); err != nil {
			panic(err)
		}
		return image
	}
	stack := map[string]string{"io.buildpacks.stack.id": "example"}
	old := push("old/run", must(random.Image(64, 1)), stack)
	patched := push("new/run", must(random.Image(64, 1)), stack)
	layer := must(must(old.Layers())[0].DiffID())
	lifecycle := fmt.Sprintf(`{"runImage":{"topLayer":"%s","reference":"%s/old/run@%s"},"stack":{"runImage":{"image":"%s/old/run"}}}`, layer, host, must(old.Digest()), host)
	app := must(mutate.AppendLayers(old, must(must(random.Image(64, 1)).Layers())...))
	push("app", app, map[string]string{"io.buildpacks.stack.id": "example", "io.buildpacks.build.metadata": "{}", "io.buildpacks.lifecycle.metadata": lifecycle})

	rebase := exec.Command("./rebase", "--run-image", host+"/new/run", "--last-built-image", host+"/app", host+"/app")
	if output, err := rebase.CombinedOutput(); err != nil {
		fmt.Fprintln(os.Stderr, string(output))
		panic(err)
	}

	// As kpack's completion container reads the status of a Build.
	retriever := cnb.RemoteMetadataRetriever{ImageFetcher: &kpackregistry.Client{}}
	built := must(retriever.GetBuildMetadata(host+"/app", "", authn.DefaultKeychain))
	reported := strings.ReplaceAll(strings.ReplaceAll(built.StackRunImage, host, "HOST"), must(patched.Digest()).String(), "DIGEST-OF-NEW")
	fmt.Println("rebased onto: HOST/new/run@DIGEST-OF-NEW")
	fmt.Println("status says:", reported)
	_, err := remote.Head(must(name.ParseReference(built.StackRunImage)))
	fmt.Println("that image exists:", err == nil)
}
GO

export GOFLAGS=-mod=mod CGO_ENABLED=0
go mod init example.com/rebased >/dev/null 2>&1
go get github.com/pivotal/kpack@v0.18.0 github.com/google/go-containerregistry@v0.20.6 >/dev/null 2>&1
go build -o rebase github.com/pivotal/kpack/cmd/rebase >/dev/null 2>&1
go run . 2>/dev/null >seen

diff - seen <<'SEEN'
rebased onto: HOST/new/run@DIGEST-OF-NEW
status says: HOST/old/run@DIGEST-OF-NEW
that image exists: false
SEEN
echo "kpack 0.18.0 reports the old repository with the new digest"
