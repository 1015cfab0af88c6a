#!/bin/bash
# check_docs.sh FITRUN: the man page, the completion and docs/reference.md name exactly
# the options that --help of every command has, and each option's variable. The other
# man pages have all that check_pages.py says. The pages, the examples of CI and the
# changelog speak of the version that fitrun has.
set -u
fitrun=$1
cd "$(dirname "$0")/.." || exit 2
page=src/cli/doc/fitrun.1
status=0
complain() {
  echo "$*" >&2
  status=1
}
differ() { # WHAT EXPECTED FOUND
  [ "$2" = "$3" ] || {
    complain "$1 (< is --help's):"
    diff <(echo "$2") <(echo "$3") >&2
  }
}

# The options in the help of a command, long and short, one per line.
helped() {
  "$fitrun" "$@" --help | grep -oE '^  (-., |    )--[a-z-]+' | tr -d ' ' | tr , '\n' | sort
}
# The same from the man page: below "Options of ..." that name the command.
written() {
  sed 's/\\-/-/g' $page | awk -v verb="$1" '
    /^\.S[SH]/ { inside = $2 == "Options" && (" " $0 " ") ~ ("[ ,]" verb "[ ,]") }
    inside && /^\.BR? -/ { print }' | grep -oE '(^| )--?[a-z-]+|-[A-Z]' | tr -d ' ' | sort -u
}
# What TAB offers after a word that begins with "-".
completed() {
  (
    . src/cli/doc/fitrun.bash
    COMP_WORDS=(fitrun "$@" -)
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _fitrun "$fitrun" - "${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\n' "${COMPREPLY[@]}" | sort
  )
}

verbs=$(sed -n '/name_of(Verb/,/^}/s/.*return "\([a-z]*\)".*/\1/p' src/cli/options.h | grep -vx run | sort)
differ "the commands in --help" "$verbs" \
  "$("$fitrun" --help | grep -oE '[a-z]+(\|[a-z]+)+ \.\.\.' | tr -d ' .' | tr '|' '\n' | sort)"
for verb in run $verbs; do
  words=()
  [ "$verb" = run ] || words=("$verb")
  expected=$(helped "${words[@]}")
  [ -n "$expected" ] || complain "$verb: --help has no options"
  differ "options of $verb in the man page" "$expected" "$(written "$verb")"
  differ "options of $verb in the completion" "$expected" "$(completed "${words[@]}")"
  [ "$verb" = run ] || grep -qE "^\.B $verb\$" $page || complain "$page: no command $verb"
  for name in $(echo "$expected" | grep -- '^--'); do
    grep -qF -e "\`$name" docs/reference.md || complain "docs/reference.md: no \`$name\`"
  done
done

# Variables: every one is in the man page; those of options in docs/ too.
names_in() { grep -rhoE '"FITRUN_[A-Z_]+' "$@" | tr -d '"' | sort -u; }
for name in $(names_in src); do
  grep -q "$name" $page || complain "$page: no $name"
done
for name in $(names_in src/cli/option_table.cpp) FITRUN_THREADS; do
  grep -q "\`$name" docs/*.md || complain "docs: no $name"
done

# Three numbers behind "fitrun-", "version: " and their like, in what a user copies.
version=$("$fitrun" --version)
version=${version#fitrun }
named=$(grep -rnE '(fitrun[-_]|@v|/v|ref: v|ersion: |such as |--branch v|tag -s v)[0-9]+\.[0-9]+\.[0-9]+' \
  README.md docs examples/ci packaging/action packaging/gitlab)
[ -n "$named" ] || complain "no page names a version"
grep -vF "$version" <<<"$named" >&2 && complain "the version is $version"
grep -qxE "## ${version//./\\.}, 20[0-9-]{8}" CHANGELOG.md ||
  complain "CHANGELOG.md has no $version with its date"

said=$(tests/check_pages.py 2>&1) || complain "$said"
if command -v man >/dev/null; then
  for written in src/cli/doc/*.[1-9]; do
    warnings=$(MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$written" 2>&1 >/dev/null)
    [ -z "$warnings" ] || complain "$written: $warnings"
  done
fi
exit $status
