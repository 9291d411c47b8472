#!/usr/bin/env bash
# A docker-archive in which two layers name one file: Docker loads it, containers/image (podman, skopeo, CRI-O) refuses it.
#
# Versions: github.com/containers/image/v5 v5.36.2 (docker-archive transport), Go 1.24 or later.
#
# The manifest.json of `docker save` maps each diffID to a file by position. Docker's loader opens a layer's file only when it
# lacks the layer, so an archive whose layers the engine already has may name one placeholder for all of them. The reader of
# containers/image indexes the files by name while it opens the archive, before it knows which layers are needed, and rejects
# an archive in which one file stands for two different diffIDs. One placeholder per layer is accepted, even though every
# placeholder is empty and no diffID matches: the content is checked only when a layer is copied.
#
# Seen: the lines at the end, which the run must print again.
set -euo pipefail
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"

cat >main.go <<'GO'
package main

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"

	"github.com/containers/image/v5/docker/archive"
	"github.com/containers/image/v5/manifest"
)

func hash(content string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(content))) }

func write(path string, layers []string) {
	config, _ := json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux", "config": map[string]any{},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{hash("first"), hash("second")}},
	})
	index, _ := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{"example/app:latest"}, "Layers": layers}})
	file, _ := os.Create(path)
	defer file.Close()
	out := tar.NewWriter(file)
	defer out.Close()
	add := func(name string, content []byte) {
		out.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))})
		out.Write(content)
	}
	add("config.json", config)
	seen := map[string]bool{}
	for _, layer := range layers {
		if !seen[layer] {
			add(layer, nil)
		}
		seen[layer] = true
	}
	add("manifest.json", index)
}

func open(path string) string {
	reference, err := archive.ParseReference(path)
	if err != nil {
		return err.Error()
	}
	source, err := reference.NewImageSource(context.Background(), nil)
	if err != nil {
		return err.Error()
	}
	defer source.Close()
	content, kind, err := source.GetManifest(context.Background(), nil)
	if err != nil {
		return err.Error()
	}
	parsed, err := manifest.FromBlob(content, kind)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("opened, %d layers", len(parsed.LayerInfos()))
}

func main() {
	write("one.tar", []string{"omitted.tar", "omitted.tar"})
	write("two.tar", []string{"omitted-1.tar", "omitted-2.tar"})
	fmt.Println("one file for two layers:", open("one.tar"))
	fmt.Println("one file per layer:", open("two.tar"))
}
GO
go mod init finding >/dev/null 2>&1
go get github.com/containers/image/v5@v5.36.2 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
CGO_ENABLED=0 go run -tags containers_image_openpgp,exclude_graphdriver_btrfs,exclude_graphdriver_devicemapper . >seen
cat seen
diff - seen <<'SEEN'
one file for two layers: Layer tarfile "omitted.tar" used for two different DiffID values
one file per layer: opened, 2 layers
SEEN
