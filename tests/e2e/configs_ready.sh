#!/bin/bash
# The ready-made descriptors: each is valid, says where its figures come from, is
# found by its bare name from the build tree and from an installation, and puts
# the right count where its tool looks for it.
. "$(dirname "$0")/lib.sh"
export HOME=$work FITRUN_HOLD=off # no descriptors of the user's own, no holding

# A tool that shows what reached it.
mkdir bin
for tool in make mogrify; do
  printf '#!/bin/sh\necho "$0" "$@"\nenv\n' >bin/$tool && chmod 755 bin/$tool
done
PATH=$work/bin:$PATH

all_reached() {
  # 16 GB x 0.7 = 11.2 GB, 2 GB a worker; every tool is in tools_spellings.py
  expect 0 "$program" -q --available ram=16GB make -j16
  said out 'make -j5'
  # 64 GB x 0.7 = 44.8 GB, 10.49 GB a worker
  expect 0 "$program" -q --want 16 --available ram=64GB llvm-link -- \
    echo -DLLVM_PARALLEL_LINK_JOBS='<threads>'
  said out -DLLVM_PARALLEL_LINK_JOBS=4
  # 10 GB x 0.7 = 7 GB, 800 MB a worker
  printf 'a.jpg\0b.jpg\0' >photos
  expect 0 sh -c '"$1" -q --available ram=10GB imagemagick -- xargs -0 -n 1 -P 16 mogrify <photos' - "$program"
  said out 'mogrify b.jpg'
  said out FITRUN_THREADS=8
  said out MAGICK_THREAD_LIMIT=1
  said out MAGICK_MEMORY_LIMIT=762MiB # 800e6 / 2^20 = 762.9
}

program=$FITRUN
all_reached
for file in "$SOURCE"/configs/*.toml; do
  name=$(basename "$file" .toml)
  expect 0 "$FITRUN" check "$file"
  expect 0 "$FITRUN" check "$name"
  # a comment of its section, above a figure, names its source or says it is a guess
  awk '/^\[/ { comment = "" }
       /^#/ { comment = comment $0 }
       /^(fixed|per_worker) *=/ { figures++
         if (comment !~ /https:\/\/|guess/) { print FILENAME ": " $0; bad = 1 } }
       END { exit bad || !figures }' "$file" || fail "a figure has no source"
done

expect 0 cmake --install "$(dirname "$(dirname "$FITRUN")")" --prefix "$work/prefix"
program=$work/prefix/bin/fitrun
all_reached
expect 0 "$program" plan --format json make
said out "\"stage\": \"$work/prefix/"

# what comes with the program
for file in man/man1/fitrun.1 man/man5/fitrun.5 man/man7/fitrun-tools.7 \
  bash-completion/completions/fitrun fish/vendor_completions.d/fitrun.fish \
  zsh/site-functions/_fitrun fitrun/fitrun.schema.json doc/fitrun/README.md; do
  [ -s "$work/prefix/share/$file" ] || fail "$file is not installed"
done
