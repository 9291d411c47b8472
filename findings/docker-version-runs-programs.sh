#!/usr/bin/env bash
# Docker's engine runs two other programs for each request of its version, and two for each request of its properties.
#
# Version: docker.io 20.10.24 of Debian 12, with its containerd and runc. Needs root, apt, curl and unshare.
#
# `GET /version` and `GET /info` look like constants of a running engine, and clients ask for both when they connect. The engine
# asks `runc --version` and `docker-init --version` anew each time, once for each of the two requests. That is most of the time of
# such a reply, and competes with the start of a container that the client asks for next. The headers of `GET /_ping` have the
# API version, and no program runs for them.
#
# Seen: the lines at the end, which the run must print again.
set -euo pipefail
work=$(mktemp -d)
engine=
finish() {
  [ -z "$engine" ] || { kill "$engine" 2>/dev/null && wait "$engine" || true; }
  rm -rf "$work"
}
trap finish EXIT
cd "$work"

apt-get download --quiet docker.io=20.10.24+dfsg1-1+deb12u1+b6 containerd=1.6.20~ds1-1+deb12u3 runc=1.1.5+ds1-1+deb12u1 tini=0.19.0-1+b3 libdevmapper1.02.1=2:1.02.185-2 >/dev/null 2>&1
for package in *.deb; do dpkg --extract "$package" root; done

# Programs of these names before the real ones, which note that they ran.
mkdir bin
for name in runc docker-init; do
  real=$(find "$work/root/usr" -name "$name" -type f -o -name "$name" -type l | head -1)
  [ -n "$real" ] || { echo "no $name in the packages" >&2; exit 1; }
  printf '#!/bin/sh\necho "%s $*" >>%s/ran\nexec %s "$@"\n' "$name" "$work" "$real" >"bin/$name"
done
chmod +x bin/*
export PATH=$work/bin:$work/root/usr/bin:$work/root/usr/sbin:$PATH LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu

echo "{}" >config.json
# In its own network: without a bridge, an engine removes that of the machine's own engine.
unshare --net dockerd --host "unix://$work/engine.sock" --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/pid" \
  --config-file "$work/config.json" --bridge none --iptables=false --ip6tables=false --storage-driver vfs >log 2>&1 &
engine=$!
for _ in $(seq 100); do
  curl --silent --output /dev/null --unix-socket engine.sock http://engine/_ping && break
  sleep 0.1
done

seen=$(for path in _ping version info version; do
  : >ran
  curl --silent --fail --output reply --unix-socket engine.sock "http://engine/$path"
  echo "GET /$path:" $(sort ran)
done)
echo "$seen"
expected='GET /_ping:
GET /version: docker-init --version runc --version
GET /info: docker-init --version runc --version
GET /version: docker-init --version runc --version'
[ "$seen" = "$expected" ] || { echo "that is not what was seen before: $expected" >&2; tail -3 log >&2; exit 1; }
