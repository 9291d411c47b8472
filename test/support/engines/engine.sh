# shellcheck shell=bash disable=SC2016,SC2034
# Finds a container engine, for bin/try, bin/test and builders/sample/prepare. Sourced by bash 3.2 (macOS) or later.
#
#   find_engine_or_start   a running engine, or exit 1 with advice; sets ENGINE_VERSION, ENGINE_API, ENGINE_ARCH
#   find_engine            the same without starting one; returns 1 and sets ENGINE_PROBLEM
#   engine_network IMAGE HOST [PORT]   prints `host` if IMAGE's containers reach HOST only on the host's network, else nothing
#
# The docker command selects the engine: DOCKER_HOST, then the current context, then the default socket.

find_engine() {
  ENGINE_VERSION='' ENGINE_API='' ENGINE_ARCH='' ENGINE_PROBLEM=''
  if ! command -v docker >/dev/null 2>&1; then
    ENGINE_PROBLEM='there is no docker command on the PATH'
    return 1
  fi
  local answer
  if ! answer=$(docker version --format '{{.Server.Version}} {{.Server.APIVersion}} {{.Server.Arch}}' 2>&1); then
    ENGINE_PROBLEM=$(printf '%s\n' "$answer" | grep -v '^ *$' | tail -n 1)
    return 1
  fi
  read -r ENGINE_VERSION ENGINE_API ENGINE_ARCH <<<"$(printf '%s\n' "$answer" | tail -n 1)"
}

find_engine_or_start() {
  find_engine && return
  if [ -z "${DOCKER_HOST:-}" ] && [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then
    start_engine && return
  fi
  printf 'No container engine answers: %s\n' "$ENGINE_PROBLEM" >&2
  engine_advice >&2
  exit 1
}

# Installs Debian's engine if it is missing and starts it in the background; it keeps running.
start_engine() {
  local log=/var/log/cnb-dockerd.log
  if ! command -v dockerd >/dev/null 2>&1 || ! command -v docker >/dev/null 2>&1; then
    echo 'No engine here: installing docker.io from Debian …' >&2
    apt_install docker.io ca-certificates || { ENGINE_PROBLEM='apt-get could not install docker.io'; return 1; }
    # From Debian 13 on, the docker command is a separate package.
    command -v docker >/dev/null 2>&1 || apt_install docker-cli || return 1
    find_engine && return
  fi
  echo "Starting dockerd (log: $log) …" >&2
  start_dockerd "$log" && return
  # Without access to the firewall (in a container or sandbox) the engine runs without a bridge network.
  echo 'Starting dockerd once more, without iptables …' >&2
  start_dockerd "$log" --iptables=false --ip6tables=false --bridge=none && return
  ENGINE_PROBLEM="dockerd does not start: $(tail -n 1 "$log")"
  return 1
}

start_dockerd() {
  local log=$1 pid
  shift
  setsid dockerd "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  for _ in $(seq 120); do
    find_engine && return
    kill -0 "$pid" 2>/dev/null || return 1
    sleep 0.25
  done
  kill "$pid" 2>/dev/null
  return 1
}

apt_install() {
  if [ -z "${APT_UPDATED:-}" ]; then
    DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null || return 1
    APT_UPDATED=1
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

engine_advice() {
  case $ENGINE_PROBLEM in
    *'permission denied'*)
      echo 'Your user may not use the socket: run `sudo usermod -aG docker $USER`, log in anew, and try again.' ;;
    *)
      if [ -n "${DOCKER_HOST:-}" ]; then
        echo "DOCKER_HOST is $DOCKER_HOST: start the engine there, or unset DOCKER_HOST."
      elif [ "$(uname)" = Darwin ]; then
        echo 'Start Docker Desktop, Colima or OrbStack, see that `docker version` shows a server, and try again.'
      else
        echo 'Install one and start it (Debian, Ubuntu: `sudo apt-get install docker.io`), see that `docker version` shows a server, and try again.'
      fi ;;
  esac
}

engine_network() {
  local probe="exec timeout 5 bash -c 'exec 3<>/dev/tcp/$2/${3:-443}'"
  docker run --rm --entrypoint bash "$1" -c "$probe" >/dev/null 2>&1 && return
  if docker run --rm --network host --entrypoint bash "$1" -c "$probe" >/dev/null 2>&1; then echo host; fi
}
