# shellcheck shell=bash disable=SC2034,SC2154
# The operations that test/engines/run tries on each engine, in this order. Sourced by it.
#
# Each function runs on the engine of DOCKER_HOST (or of the docker context) in an empty directory, with $cnb, $image, $registry
# and the app in ./app. It prints nothing on success. A failure is the code of cnb's error, or the word of `wrong`.

OPERATIONS=(build rebuild transport secret publish rebase inspect diff run dev prune doctor interrupt leftovers)

# wrong WORD…: fails with the reason for the table.
wrong() { echo "$*" >reason; return 1; }

BUILD_OPTIONS=(--path app --builder "$BUILDER" --run-image "$RUN" --pull-policy never)

# cnb_build NAME [OPTION…]: prints the reference.
cnb_build() { "$cnb" build "$1" "${BUILD_OPTIONS[@]}" --quiet "${@:2}"; }

layers() { docker image inspect --format '{{json .RootFS.Layers}}' "$1"; }

operation_build() { cnb_build "$image" >first; }

operation_rebuild() {
  cnb_build "$image" >second || return
  cmp -s first second || wrong 'another image'
}

# A builder without tar: files go through the engine's archive endpoint.
operation_transport() {
  cnb_build "$image-2" --builder "$BUILDER-without-tar" || return
  [ "$(layers "$image")" = "$(layers "$image-2")" ] || wrong 'other layers'
}

operation_secret() {
  printf s3cret-value >token
  "$cnb" build "$image-2" "${BUILD_OPTIONS[@]}" --secret id=token,src=token --verbose >log 2>&1 || { cat log; return 1; }
  grep -q 'secret has 12 bytes' log || { wrong 'no secret'; return; }
  ! grep -q s3cret-value log || { wrong 'secret in the log'; return; }
  docker save "$image-2" >saved.tar || return
  ! grep -qa s3cret-value saved.tar || wrong 'secret in the image'
}

operation_publish() {
  local published
  published=$(cnb_build "$registry/$image" --publish) || return
  "$cnb" inspect "$published" --remote --quiet || return
  [ "$(cnb_build "$registry/$image" --publish)" = "$published" ] || wrong 'another digest'
}

operation_rebase() {
  "$cnb" rebase "$image-2" --run-image "$RUN-patched" --force --pull-policy never || return
  [ "$(docker run --rm --entrypoint cat "$image-2" /patched)" = yes ] || wrong 'old base'
}

operation_inspect() {
  "$cnb" inspect "$image" --output json >inspected || return
  grep -q '"web"' inspected || wrong 'no process'
}

operation_diff() {
  "$cnb" diff "$image" "$image-2" --files --output json >different || return
  grep -q patched different || wrong 'no difference'
}

# start_until WORDS COMMAND…: starts a command in the background ($job), and waits until its output contains the words.
start_until() {
  local words=$1
  shift
  "$@" >output 2>&1 &
  job=$!
  for _ in $(seq 300); do
    ! grep -q "$words" output || return 0
    kill -0 "$job" 2>/dev/null || { wait "$job"; cat output; return 1; }
    sleep 0.1
  done
  stop TERM
  cat output
  wrong "no $words"
}

# stop SIGNAL: ends $job and returns its exit code.
stop() { kill -s "$1" "$job"; wait "$job"; }

# answers WORD: waits until the page of the app has the word.
answers() {
  for _ in $(seq 150); do
    ! curl -sf --max-time 2 "http://127.0.0.1:$port/" 2>&1 | grep -q "$1" || return 0
    sleep 0.1
  done
  wrong 'no answer'
}

operation_run() {
  start_until listening "$cnb" run "$image" --port "$port" || return
  answers one || { stop TERM; return 1; }
  stop INT
  [ $? = 3 ] || wrong 'exit code'
}

operation_dev() {
  start_until listening "$cnb" dev "$image-3" "${BUILD_OPTIONS[@]}" --port "$port" || return
  answers one && echo two >app/words && answers two
  local code=$?
  echo one >app/words
  stop INT
  [ "$code" = 0 ]
}

operation_prune() {
  "$cnb" cache prune "$image" "$image-2" "$image-3" "$registry/$image" --force || return
  ! "$cnb" cache ls --output json | grep -q "$image" || wrong 'caches left'
}

operation_doctor() { "$cnb" doctor; }

operation_interrupt() {
  start_until 'waiting in build' "$cnb" build "$image-4" "${BUILD_OPTIONS[@]}" --env WAIT=1 || return
  stop INT
  [ $? = 130 ] || wrong 'exit code'
}

# Only what these builds can have made, and the first operation did not find: others may use the default engine.
operation_leftovers() {
  for _ in $(seq 50); do
    engine_objects >now
    [ -n "$(comm -13 before now)" ] || break
    sleep 0.1
  done
  docker image rm --force "$image" "$image-2" "$image-3" "$registry/$image" >/dev/null 2>&1
  comm -13 before now | grep . || return 0
  wrong 'objects left'
}

engine_objects() {
  {
    for name in "${IMAGES[@]}"; do docker ps --all --quiet --no-trunc --filter "ancestor=$name"; done
    docker volume ls --quiet | grep cnb-engines
    docker network ls --quiet --no-trunc --filter label=dev.cnb.owner
  } | sort -u
}

# write_app: an app with its own buildpack, because no engine needs to reach a package registry.
write_app() {
  mkdir app
  echo one >app/words
  cat >app/project.toml <<'TOML'
[_]
schema-version = "0.2"

[[io.buildpacks.group]]
id = "test/engines"

[io.buildpacks.group.script]
api = "0.11"
shell = "/bin/bash"
inline = '''
set -eu
cat >"$CNB_LAYERS_DIR/launch.toml" <<'END'
[[processes]]
type = "web"
command = ["perl", "/workspace/server.pl"]
default = true
END
mkdir -p "$CNB_LAYERS_DIR/dep"
echo once >"$CNB_LAYERS_DIR/dep/file"
printf '[types]\nlaunch = true\ncache = true\n' >"$CNB_LAYERS_DIR/dep.toml"
if [ -f /run/secrets/token ]; then echo "secret has $(wc -c </run/secrets/token) bytes: $(cat /run/secrets/token)"; fi
if [ -n "${WAIT:-}" ]; then echo "waiting in build"; sleep 1000; fi
'''
TOML
  cat >app/server.pl <<'PERL'
use IO::Socket::INET;
$| = 1;
$SIG{TERM} = sub { exit 3 };
my $server = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die "cannot listen: $!";
open(my $file, '<', '/workspace/words') or die;
my $words = <$file>;
print "listening on $ENV{PORT}\n";
while (1) {
  my $client = $server->accept or next;
  while (defined(my $line = <$client>)) { last if $line eq "\r\n" }
  print $client "HTTP/1.0 200 OK\r\n\r\n$words";
  close $client;
}
PERL
}
