/**
 * The session script: clears `/layers`, runs detector and builder, and reports the result.
 *
 * It is the build container's first process, because a second one (an exec) costs as much as a whole phase. It reads commands from
 * standard input; its lines on standard output start with a NUL and a mark.
 *
 * The mark only separates those lines from a buildpack's accidental output. It is not a secret: a buildpack runs as the same user, can
 * read the mark from the shell's memory, forge every line, and write every command. Such a build deceives only itself: the host
 * treats the replies as claims about this build's `/layers`, within bounds, and trusts them for nothing else (marked-output.ts,
 * build-session.ts).
 *
 * Requires a POSIX shell with GNU find, xargs, tar and coreutils, which the script checks first. Its first argument is the detector's
 * log level, or empty; the others are the arguments of both phases.
 */

import { RECEIVE_SECRETS } from '../../../secrets/secret-input.ts'

/** The maximum size of a list of the paths in `/layers`, which an earlier build may have filled with names. */
export const MAX_LISTING = 16 * 1024 * 1024

/** The maximum size of the attributes that the host hashes (fingerprints.ts). */
export const MAX_ATTRIBUTES = 16 * 1024 * 1024

/** Names are bytes: in this locale, no tar converts them. */
const PROGRAM = 'LC_ALL=C.UTF-8 TAR_OPTIONS= tar'

/** A tar as the engine's archives are (container-files.ts); owners and times are not used. */
const TAR = [
  `${PROGRAM} --create --file=- --format=posix --sort=name --hard-dereference --no-unquote --blocking-factor=128`,
  '--numeric-owner --owner=0 --group=0 --mtime=@0 --pax-option=delete=atime,delete=ctime,delete=mtime',
].join(' ')

/** Sets owner, modes and times as the engine does: the build user owns the whole app. */
const EXTRACT = `${PROGRAM} --extract --file=- --directory=/ --absolute-names --preserve-permissions --no-same-owner`

/** Entries that the build user cannot read, and devices, which the host accepts only from the engine. */
const UNREADABLE = '"(" -type f -o -type d ")" ! -readable -o -type d ! -executable -o -type b -o -type c'

/** The maximum number of entries of a tar: the host holds an app's names in memory, and a forged tar needs no disk. */
export const MAX_TAR_ENTRIES = 1_000_000

/** The maximum size of the attributes of an app's files; an app with more is sent in each build. */
export const MAX_APP_LISTING = 64 * 1024 * 1024

/** An entry of a list (entry-list.ts). */
const LIST_FORMAT = String.raw`%y\0%s\0%p\0%l\0`

/** The attributes of an entry of a layer's directory: every change of a file changes one of them. Names cannot contain a NUL. */
const FINGERPRINT_FORMAT = String.raw`%P\0%y %m %U %G %s %T@ %C@ %i %n %l\0`

/**
 * Its variables have names that no builder image sets for its buildpacks, which would see the script's values.
 *
 * Standard input: the mark on a line. A list of paths is a line with its size in bytes, followed by the paths, each terminated by a
 * NUL. The lists and words are, in order: the directories of `/layers` that need a fingerprint; `filled` when all files are uploaded; the
 * directories that the script must hash; the paths to remove; `app`, if there is one to receive, its directory, its state, and an answer; `restored`, if layers were
 * uploaded, with the paths to remove, the directories that need a fingerprint, and those of them that the script must hash; `secrets` with
 * the lines of secret-input.ts, if there are any; `ask` to run
 * the detector, or `known` to do so without reporting the lifecycle's version at the end; after detection, the paths to remove; then
 * `build`, or another word if the build phase ran elsewhere; the directories that the script must hash; then, any number of times, a
 * directory and a name in it to read, and `list` if only a list of its entries is wanted. The answer to the app's looks is `keep`, or
 * `some` with the paths to remove, or `all` to remove everything; `list` may precede it. The end of the input ends the script at any time.
 *
 * Its lines: `missing` (no tools), `exit <phase> <code>`, `removed`, `no <reason>`, `ready`, `tar <entries>`, and `data <name>` … `end`
 * around bytes.
 */
export const SESSION_SCRIPT = String.raw`
# A shell as first process obeys only this signal: a buildpack must not interrupt the build as its user could.
trap : INT
IFS= read -r cnb_mark || exit 0
say() { printf '\000%s %s\n' "$cnb_mark" "$*"; }

for cnb_tool in find xargs tar sha256sum head rm chmod cat kill; do
  command -v "$cnb_tool" >/dev/null 2>&1 || { say missing; exit 0; }
done
{ find / -maxdepth 0 -printf '' && tar --null --no-recursion -cf - -T /dev/null && xargs -0 -r true; } </dev/null >/dev/null 2>&1 ||
  { say missing; exit 0; }

# One process for many paths if possible: a build may have thousands of layers.
cnb_discard='find "$@" -maxdepth 0 -type d -exec chmod -R u+rwx {} +; rm -rf "$@"'
cnb_attributes='find "$@" -printf "%H\0${FINGERPRINT_FORMAT}"'
cnb_hash='for cnb_layer; do
  { [ ! -L "$cnb_layer" ] && find "$cnb_layer" -printf "%H\0${FINGERPRINT_FORMAT}" || cat /proc/sys/kernel/random/uuid; } 2>/dev/null | sha256sum
  printf "%s\000" "$cnb_layer"
done'

# Its arguments are the mark, the directory, the name, and whether to list.
cnb_tar='say() { printf "\000%s %s\n" "$cnb_mark" "$*"; }
cnb_mark=$1
cd "$2" 2>/dev/null && ${TAR} --files-from=/dev/null >/dev/null 2>&1 || { say no tar; exit; }
cnb_list=$4
set -- "$3" $(find "./$3" "(" ${UNREADABLE} ")" -printf x -o -printf "\n" 2>/dev/null | wc -lc)
[ "$2" -eq "$3" ] && [ "$2" -gt 0 ] || { say no access; exit; }
[ "$2" -le ${MAX_TAR_ENTRIES} ] || { say no limit; exit; }
say tar "$2"
say data tar
if [ -n "$cnb_list" ]; then find "./$1" -printf "${LIST_FORMAT}"; else ${TAR} --add-file="$1"; fi 2>/dev/null
cnb_code=$?
say end
say exit tar "$cnb_code"'

# The files of a mount, also one through a link of the builder, must not be removed with the app's.
has_mounts() {
  while read -r cnb_a cnb_b cnb_c cnb_d cnb_mount cnb_e; do
    case $cnb_mount in "$cnb_app"/*) return 0 ;; esac
  done </proc/self/mountinfo
  return 1
}

is_empty() { [ -z "$(find "$cnb_app" -mindepth 1 -print -quit 2>&1)" ]; }

# The attributes of the app's files in a volume. They are random if one cannot be read.
app_attributes() {
  { find "$cnb_app" -maxdepth 0 -printf '%m\0' && find "$cnb_app" -mindepth 1 -printf '${FINGERPRINT_FORMAT}' || cat /proc/sys/kernel/random/uuid; } 2>/dev/null
}

looks() {
  say data app
  [ "$cnb_state" = once ] || app_attributes | sha256sum
  say end
}

list_app() {
  say data app
  [ "$cnb_state" = once ] || app_attributes | head -c ${MAX_APP_LISTING}
  say end
}

# The app, as a tar in pieces, each after its size on a line; the last size is 0. After a failure, the rest is read too.
receive() {
  IFS= read -r cnb_app && IFS= read -r cnb_state || exit 0
  [ -O "$cnb_app" ] && ! has_mounts && { [ "$cnb_state" = kept ] || is_empty; } && ${TAR} --files-from=/dev/null >/dev/null 2>&1 ||
    { cnb_state=once; say no tar; return; }
  looks
  IFS= read -r cnb_answer || exit 0
  [ "$cnb_answer" != list ] || { list_app; IFS= read -r cnb_answer || exit 0; }
  case $cnb_answer in
    some) remove || { say no clean; return; } ;;
    all)
      find "$cnb_app" -mindepth 1 -maxdepth 1 -print0 | xargs -0 -r /bin/sh -c "$cnb_discard" sh >/dev/null 2>&1
      is_empty || { say no clean; return; }
      ;;
    *) return ;;
  esac
  say ready
  while IFS= read -r cnb_size && [ "$cnb_size" -gt 0 ]; do head -c "$cnb_size"; done |
    { ${EXTRACT} >/dev/null 2>&1; cnb_code=$?; cat >/dev/null; exit "$cnb_code"; }
  say exit app "$?"
  list_app
}

# Runs a command with a list of paths as its standard input, unless the list is empty: a process takes a millisecond.
with_paths() {
  IFS= read -r cnb_size || exit 0
  [ "$cnb_size" -eq 0 ] || head -c "$cnb_size" | "$@"
}

remove() { with_paths xargs -0 -r /bin/sh -c "$cnb_discard" sh >/dev/null 2>&1; }

# An additional NUL reports that an entry could not be read or written.
attributes() {
  { xargs -0 -r /bin/sh -c "$cnb_attributes" sh 2>/dev/null || printf '\000'; } | head -c ${MAX_ATTRIBUTES}
}

attributes_of_paths() {
  say data attributes
  with_paths attributes
  say end
}

fingerprints() {
  say data fingerprints
  with_paths xargs -0 -r /bin/sh -c "$cnb_hash" sh
  say end
}

list() {
  say data paths
  { [ -w . ] && find . -mindepth 1 -maxdepth 2 -print0 2>/dev/null || printf '\000'; } | head -c ${MAX_LISTING}
  say end
}

# Processes that a buildpack left running must not change the files that are read next.
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

# The layers' directories, and the files outside of them.
metadata() {
  find . -maxdepth 2 ! -path './sbom/*' ! -path './config/*' '(' -type d -o -name '*.toml' -o -type l ! -path './*/*' ')' "$@"
  find ./sbom ./config /cnb/lifecycle -mindepth 1 '(' ! -path '/*' -o -name '*.sbom.*.json' ! -path '/cnb/lifecycle/*/*' ')' "$@"
}
${RECEIVE_SECRETS}
cnb_state=once
cnb_level=$1
[ $# -eq 0 ] || shift
cd /layers || exit 1
attributes_of_paths
IFS= read -r cnb_ask || exit 0
list
fingerprints
remove
list
IFS= read -r cnb_ask || exit 0
[ "$cnb_ask" != app ] || { receive; IFS= read -r cnb_ask || exit 0; }
[ "$cnb_ask" != restored ] || { remove; list; attributes_of_paths; fingerprints; IFS= read -r cnb_ask || exit 0; }
[ "$cnb_ask" != secrets ] || { receive_secrets; say exit secrets "$?"; IFS= read -r cnb_ask || exit 0; }
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
find . -mindepth 2 -maxdepth 2 -type d ! -path './sbom/*' ! -path './config/*' -print0 2>/dev/null | { say data attributes; attributes; say end; }
say data version
[ "$cnb_ask" != ask ] || /cnb/lifecycle/lifecycle -version </dev/null 2>/dev/null
say end
looks
fingerprints
# Reading from a container blocks while an engine removes it: the host ends the script after reading all it needs.
while IFS= read -r cnb_size; do
  head -c "$cnb_size" | xargs -0 -r /bin/sh -c "$cnb_tar" sh "$cnb_mark"
done
`
