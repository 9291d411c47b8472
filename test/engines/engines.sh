# shellcheck shell=bash disable=SC2034,SC2154
# How to start each engine of test/engines/run, which sources it.
#
# engine_NAME sets DOCKER_HOST or what else selects the engine; stop_engine stops what it started.

# The order of the rows in the table, and their titles.
ENGINES=(default overlay2 containerd)
declare -A title_of=(
  [default]='Docker, the default engine'
  [overlay2]='Docker, overlay2'
  [containerd]='Docker, containerd store'
)

started=()

# docker_engine NAME ARGUMENTS…: an engine of engine-up, with a name that no other test uses.
docker_engine() {
  local name=$1
  shift
  started+=("$name")
  export DOCKER_HOST=unix:///run/cnb-engines/$name/docker.sock
  "$repository/test/support/engines/engine-up" "$name" "$@"
}

stop_engine() {
  local name
  for name in "${started[@]}"; do "$repository/test/support/engines/engine-down" "$name" --purge; done
  started=()
  unset DOCKER_HOST DOCKER_CONTEXT DOCKER_CERT_PATH DOCKER_TLS_VERIFY
}

engine_default() { :; }
engine_overlay2() { docker_engine ov-table; }
engine_containerd() { docker_engine cd-table --containerd; }
