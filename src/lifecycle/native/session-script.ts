/**
 * What the build's one container runs: a shell script that prepares `/layers`, runs detector and builder when it is told to,
 * and tells what they left. It is the container's first process, because starting a second one (an exec) costs as much as a
 * whole phase. It speaks over standard input and output; its own lines begin with a NUL and a mark that only the host knows.
 *
 * POSIX shell, with GNU find and tar and sha256sum, which the script looks for first. Its arguments are the phases'.
 */

/** How an entry of a layer's directory looks: no change of a file leaves all of these as they were. No name holds a NUL. */
const LOOKS = String.raw`%p\0%y %m %U %G %s %T@ %C@ %i %n %l\0`

/**
 * Its variables have names that no builder image gives to its buildpacks: those would get what the script puts there.
 *
 * Standard input, line by line: the mark; then for each path of `/layers` that stays a pattern for find, and an empty line;
 * then for each directory that must look as recorded its fingerprint and its path, and an empty line; `ask` to begin, or
 * `known` if the lifecycle's version need not be told; then, after detection, paths to remove, and an empty line; then `build`, or
 * another word where the build phase ran elsewhere. The end of the input ends the script at any time.
 *
 * Its own lines: `missing` (no tools), `unclean` (`/layers` holds what cannot be removed), `changed <path>`, `prepared`,
 * `exit <phase> <code>`, `removed`, and `data <name>` … `end` around bytes.
 */
export const SESSION_SCRIPT = String.raw`
# The only signal that a shell, as first process, heeds: a buildpack must not end the build as its user would.
trap : INT
IFS= read -r cnb_mark || exit 0
say() { printf '\000%s %s\n' "$cnb_mark" "$*"; }

for cnb_tool in find tar sha256sum rm chmod cat kill; do
  command -v "$cnb_tool" >/dev/null 2>&1 || { say missing; exit 0; }
done
{ find / -maxdepth 0 -printf '' && tar --null --no-recursion -cf - -T /dev/null; } >/dev/null 2>&1 || { say missing; exit 0; }

discard() {
  find "$@" -type d -exec chmod -R u+rwx {} + 2>/dev/null
  find "$@" -exec rm -rf {} + 2>/dev/null
}

keep() {
  while IFS= read -r cnb_pattern && [ -n "$cnb_pattern" ]; do
    set -- "$@" ! -path "$cnb_pattern"
  done
  discard . -mindepth 1 -maxdepth 2 "$@" -prune
  [ -z "$(find . -mindepth 1 -maxdepth 2 "$@" -prune -print -quit 2>&1)" ]
}

looks() {
  ([ ! -L "$1" ] && cd "$1" 2>/dev/null && find . -printf '${LOOKS}' 2>/dev/null || cat /proc/sys/kernel/random/uuid) | sha256sum
}

verify() {
  while IFS= read -r cnb_expected && [ -n "$cnb_expected" ]; do
    IFS= read -r cnb_layer || exit 0
    cnb_found=$(looks "$cnb_layer")
    if [ "${'$'}{cnb_found%% *}" != "$cnb_expected" ]; then
      discard "$cnb_layer" -maxdepth 0
      rm -f "$cnb_layer.toml" "$cnb_layer".sbom.*
      say changed "$cnb_layer"
    fi
  done
}

# Whatever a buildpack left running must not touch what is read next.
run() {
  cnb_phase=$1
  shift
  "/cnb/lifecycle/$cnb_phase" "$@" </dev/null
  cnb_code=$?
  kill -s KILL -- -1 2>/dev/null
  say exit "$cnb_phase" "$cnb_code"
  [ "$cnb_code" -eq 0 ] || exit 0
}

send() {
  say data "$1"
  [ -f "$2" ] && cat "$2" 2>/dev/null
  say end
}

remove() {
  while IFS= read -r cnb_path || exit 0; do
    [ -n "$cnb_path" ] || return 0
    discard "$cnb_path" -maxdepth 0
  done
}

small() {
  find . -maxdepth 2 '(' -type d -o -name '*.toml' -size -2048k ')' -print0
  find . -maxdepth 1 -type l -print0
  find sbom config -mindepth 2 -print0
  find /cnb/lifecycle -maxdepth 1 -name '*.sbom.*.json' -print0
}

fingerprints() {
  for cnb_layer in ./*/*/ ./*/.[!.]*/ ./*/..?*/; do
    cnb_layer=${'$'}{cnb_layer%/}
    [ -d "$cnb_layer" ] && [ ! -L "$cnb_layer" ] || continue
    case $cnb_layer in ./sbom/* | ./config/*) continue ;; esac
    cnb_found=$(looks "$cnb_layer")
    printf '%s %s\000' "${'$'}{cnb_found%% *}" "$cnb_layer"
  done
}

cd /layers || exit 1
keep && [ -w . ] || { say unclean; exit 0; }
verify
say prepared
IFS= read -r cnb_ask || exit 0
run detector "$@"
send group group.toml
send analyzed analyzed.toml
remove
say removed
IFS= read -r cnb_step || exit 0
[ "$cnb_step" != build ] || run builder "$@"
say data survey
small 2>/dev/null | tar --null --no-recursion -P -cf - -T - 2>/dev/null
say end
say data fingerprints
fingerprints
say end
say data version
[ "$cnb_ask" != ask ] || /cnb/lifecycle/lifecycle -version </dev/null 2>/dev/null
say end
# An engine that clears a container away lets those wait who read from it: the host ends this when it has read what it needs.
IFS= read -r cnb_step
`
