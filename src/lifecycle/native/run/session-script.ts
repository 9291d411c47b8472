/**
 * The program of the build's one container: a shell script that clears `/layers`, runs detector and builder when the host says
 * so, and reports what they left. It is the container's first process, because a second one (an exec) costs as much as a whole
 * phase. It reads commands from standard input; its own lines on standard output begin with a NUL and a mark.
 *
 * The mark only separates those lines from what a buildpack prints by accident. It is not a secret: a buildpack runs as the same
 * user, reads the mark from the shell's memory and can forge every line, and write every command. Such a build deceives itself
 * and no other: the host takes the answers as claims about this build's own `/layers`, within bounds, and trusts them for nothing
 * else (marked-output.ts, session.ts).
 *
 * POSIX shell with GNU find, xargs, tar and coreutils, which the script looks for first. Its first argument is the
 * detector's log level, or empty; the others are both phases' arguments.
 */

/** The most bytes of a list of the paths in `/layers`, which an earlier build may have filled with names. */
export const MAX_LISTING = 16 * 1024 * 1024

/** The most bytes of what the host hashes itself (fingerprints.ts). */
export const MAX_LOOKS = 4 * 1024 * 1024

/** How an entry of a layer's directory looks: every change of a file changes one of these values. No name holds a NUL. */
const FINGERPRINT_FORMAT = String.raw`%P\0%y %m %U %G %s %T@ %C@ %i %n %l\0`

/**
 * Its variables have names that no builder image uses for its buildpacks, which would see the script's values.
 *
 * Standard input: the mark on a line. A list of paths is a line with its size in bytes, and then the paths, each with a NUL behind
 * it. The lists and words are: the directories of `/layers` that need a fingerprint; those of them that the script must hash; the
 * paths to remove; `ask` to begin, or `known` if the lifecycle's version need not be reported; after detection, the paths to
 * remove; then `build`, or another word where the build phase ran elsewhere; the directories that the script must hash. The end of
 * the input ends the script at any time.
 *
 * Its own lines: `missing` (no tools), `exit <phase> <code>`, `removed`, and `data <name>`
 * … `end` around bytes.
 */
export const SESSION_SCRIPT = String.raw`
# The only signal that a shell heeds as first process: a buildpack must not end the build as its user would.
trap : INT
IFS= read -r cnb_mark || exit 0
say() { printf '\000%s %s\n' "$cnb_mark" "$*"; }

for cnb_tool in find xargs tar sha256sum head rm chmod cat kill; do
  command -v "$cnb_tool" >/dev/null 2>&1 || { say missing; exit 0; }
done
{ find / -maxdepth 0 -printf '' && tar --null --no-recursion -cf - -T /dev/null && xargs -0 -r true; } </dev/null >/dev/null 2>&1 ||
  { say missing; exit 0; }

# One process for many paths where that is possible: a build may have thousands of layers.
cnb_discard='find "$@" -maxdepth 0 -type d -exec chmod -R u+rwx {} +; rm -rf "$@"'
cnb_looks='find "$@" -printf "%H\0${FINGERPRINT_FORMAT}"'
cnb_hash='for cnb_layer; do
  { [ ! -L "$cnb_layer" ] && find "$cnb_layer" -printf "${FINGERPRINT_FORMAT}" || cat /proc/sys/kernel/random/uuid; } 2>/dev/null | sha256sum
  printf "%s\000" "$cnb_layer"
done'

paths() {
  IFS= read -r cnb_size || exit 0
  head -c "$cnb_size"
}

remove() { paths | xargs -0 -r /bin/sh -c "$cnb_discard" sh >/dev/null 2>&1; }

# A NUL more than there should be says that something could not be read, or written.
looks() {
  say data looks
  { xargs -0 -r /bin/sh -c "$cnb_looks" sh 2>/dev/null || printf '\000'; } | head -c ${MAX_LOOKS}
  say end
}

fingerprints() {
  say data fingerprints
  paths | xargs -0 -r /bin/sh -c "$cnb_hash" sh
  say end
}

list() {
  say data paths
  { [ -w . ] && find . -mindepth 1 -maxdepth 2 -print0 2>/dev/null || printf '\000'; } | head -c ${MAX_LISTING}
  say end
}

# What a buildpack left running must not touch what is read next.
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

# What stands beside the layers' directories, and these.
metadata() {
  find . -maxdepth 2 ! -path './sbom/*' ! -path './config/*' '(' -type d -o -name '*.toml' ')' "$@"
  find . -maxdepth 1 -type l "$@"
  find ./sbom ./config -mindepth 1 "$@"
  find /cnb/lifecycle -maxdepth 1 -name '*.sbom.*.json' "$@"
}

cnb_level=$1
[ $# -eq 0 ] || shift
cd /layers || exit 1
paths | looks
list
fingerprints
remove
list
IFS= read -r cnb_ask || exit 0
if [ -n "$cnb_level" ]; then run detector -log-level "$cnb_level" "$@"; else run detector "$@"; fi
send group group.toml
send analyzed analyzed.toml
remove
say removed
IFS= read -r cnb_step || exit 0
[ "$cnb_step" != build ] || run builder "$@"
say data large
metadata -type f -size +1024k -printf '%s %p\000' 2>/dev/null
say end
say data survey
metadata -print0 2>/dev/null | tar --null --no-recursion -P -cf - -T - 2>/dev/null
say end
find . -mindepth 2 -maxdepth 2 -type d ! -path './sbom/*' ! -path './config/*' -print0 2>/dev/null | looks
say data version
[ "$cnb_ask" != ask ] || /cnb/lifecycle/lifecycle -version </dev/null 2>/dev/null
say end
fingerprints
# An engine that clears a container away makes its readers wait: the host ends the script when it has read what it needs.
IFS= read -r cnb_step
`
