# shellcheck shell=bash disable=SC2034,SC2154
# How to start each engine of test/engines/run, which sources it.
#
# engine_NAME sets DOCKER_HOST or what else selects the engine; stop_engine stops what it started.

# The order of the rows in the table, and their titles.
ENGINES=(default overlay2 containerd moby29 userns tcp tls context ssh podman rootless)
declare -A title_of=(
  [default]='Docker, the default engine'
  [overlay2]='Docker, overlay2'
  [containerd]='Docker, containerd store'
  [moby29]='Docker Engine 29 (moby v2.0.0-beta.24)'
  [userns]='Docker, userns-remap'
  [tcp]='Docker, tcp'
  [tls]='Docker, tcp with mutual TLS'
  [context]='Docker, context with mutual TLS'
  [ssh]='Docker, ssh'
  [podman]='Podman'
  [rootless]='Podman, rootless'
)

started=()
original_path=$PATH

# docker_engine NAME ARGUMENTS…: an engine of engine-up, with a name that no other test uses.
docker_engine() {
  local name=$1
  shift
  started+=("$name")
  export DOCKER_HOST=unix:///run/cnb-engines/$name/docker.sock
  "$repository/test/support/engines/engine-up" "$name" "$@"
}

podman_engine() {
  started+=("$1")
  export DOCKER_HOST=unix:///run/cnb-engines/$1/podman.sock
  "$repository/test/support/engines/podman-up" "$@"
}

stop_engine() {
  local name
  [ -z "${ssh_server:-}" ] || kill "$ssh_server"
  ssh_server=''
  PATH=$original_path
  for name in "${started[@]}"; do "$repository/test/support/engines/engine-down" "$name" --purge; done
  started=()
  unset DOCKER_HOST DOCKER_CONTEXT DOCKER_CERT_PATH DOCKER_TLS_VERIFY
}

# The engine of Debian has no way to be 29; moby's module has. Building it takes about four minutes, once.
moby29_programs() {
  local directory=${CNB_ENGINES:-/opt/cnb-engines}/moby-29 module=github.com/moby/moby/v2
  [ -x "$directory/dockerd" ] || CGO_ENABLED=0 GOBIN=$directory go install -ldflags "-s -w -X $module/dockerversion.Version=29-beta.24" \
    "$module/cmd/docker-proxy@v2.0.0-beta.24" "$module/cmd/dockerd@v2.0.0-beta.24" || return
  echo "$directory"
}

# certificates DIRECTORY: of a CA, the server 127.0.0.1 and a client, with the names that docker expects.
certificates() {
  local name
  mkdir -p "$1" && cd "$1" || return
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test-ca -keyout ca-key.pem -out ca.pem
  for name in server client; do
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -keyout "$name-key.pem" -out "$name.csr"
    openssl x509 -req -in "$name.csr" -days 2 -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out "$name-cert.pem" \
      -extfile <(printf 'subjectAltName = IP:127.0.0.1\nextendedKeyUsage = serverAuth, clientAuth\n')
  done
  mv client-key.pem key.pem && mv client-cert.pem cert.pem && cd "$repository" || return
}

# tls_engine NAME: sets $tls_host; the certificates are in $HOME/certificates.
tls_engine() {
  local directory=$HOME/certificates
  certificates "$directory" || return
  tls_host=tcp://127.0.0.1:$(free_port)
  docker_engine "$1" -- --host "$tls_host" --tlsverify --tlscacert "$directory/ca.pem" --tlscert "$directory/server-cert.pem" --tlskey "$directory/server-key.pem"
}

engine_default() { :; }
engine_overlay2() { docker_engine ov-table; }
engine_containerd() { docker_engine cd-table --containerd; }
engine_moby29() {
  local programs
  programs=$(moby29_programs) && docker_engine m29-table --containerd --programs "$programs"
}
engine_userns() { docker_engine un-table -- --userns-remap default; }

engine_tcp() {
  local host
  host=tcp://127.0.0.1:$(free_port)
  docker_engine tcp-table -- --host "$host" --tls=false && export DOCKER_HOST=$host
}

engine_tls() { tls_engine tls-table && export DOCKER_HOST=$tls_host DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=$HOME/certificates; }

engine_context() {
  local directory=$HOME/certificates
  tls_engine ctx-table && unset DOCKER_HOST &&
    docker context create engines --docker "host=$tls_host,ca=$directory/ca.pem,cert=$directory/cert.pem,key=$directory/key.pem" &&
    docker context use engines
}

# OpenSSH reads the settings of the account, not of $HOME: a command `ssh` on the PATH adds -F. The engine of `docker system dial-stdio`
# is the one of the server's DOCKER_HOST, because old docker commands accept no path in ssh://.
engine_ssh() {
  local directory=$HOME/ssh port
  port=$(free_port)
  docker_engine ssh-table && mkdir -p "$directory/bin" /run/sshd || return
  ssh-keygen -q -t ed25519 -N '' -f "$directory/host" && ssh-keygen -q -t ed25519 -N '' -f "$directory/user" || return
  echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$directory/host.pub")" >"$directory/known"
  printf '%s\n' "ListenAddress 127.0.0.1:$port" "HostKey $directory/host" "AuthorizedKeysFile $directory/user.pub" 'StrictModes no' \
    'PermitRootLogin prohibit-password' 'MaxStartups 100' "PidFile $directory/pid" "SetEnv DOCKER_HOST=$DOCKER_HOST" >"$directory/server"
  printf '%s\n' 'Host *' "IdentityFile $directory/user" 'IdentitiesOnly yes' "UserKnownHostsFile $directory/known" 'BatchMode yes' >"$directory/client"
  printf '#!/bin/sh\nexec %s -F %s "$@"\n' "$(command -v ssh)" "$directory/client" >"$directory/bin/ssh"
  chmod +x "$directory/bin/ssh"
  "$(command -v sshd)" -D -f "$directory/server" -E "$directory/log" &
  ssh_server=$!
  PATH=$directory/bin:$PATH
  export DOCKER_HOST=ssh://root@127.0.0.1:$port
  for _ in $(seq 100); do
    docker version >/dev/null 2>&1 && return
    sleep 0.1
  done
  cat "$directory/log"
  return 1
}

engine_podman() { podman_engine pd-table; }
engine_rootless() { podman_engine rl-table --rootless; }
