#!/bin/bash
# The ready-made descriptors: each is valid, says where its figures come from, is
# found by its bare name from the build tree and from an installation, and puts
# the right count where its tool looks for it.
. "$(dirname "$0")/lib.sh"
export HOME=$work # no descriptors of the user's own

# A tool that shows what reached it.
mkdir bin node_modules node_modules/.bin
for tool in make pytest mogrify node_modules/.bin/jest; do
  case $tool in */*) ;; *) tool=bin/$tool ;; esac
  printf '#!/bin/sh\necho "$0" "$@"\nenv\n' >$tool && chmod 755 $tool
done
PATH=$work/bin:$PATH

tried=
# reaches NAME AVAILABLE TEXT COMMAND...: of 16 workers wanted, what the tool got
reaches() {
  local name=$1 available=$2 text=$3
  shift 3
  expect 0 "$program" -q --want 16 --available "ram=$available" "$name" -- "$@"
  said out "$text"
  tried="$tried $name"
}

all_reached() {
  local tool
  # 16 GB x 0.7 = 11.2 GB, 2 GB a worker
  reaches cpp-build 16GB CMAKE_BUILD_PARALLEL_LEVEL=5 make
  reaches cpp-build 16GB MAKEFLAGS=-j5 make
  # 64 GB x 0.7 = 44.8 GB, 10.49 GB a worker
  reaches llvm-link 64GB -DLLVM_PARALLEL_LINK_JOBS=4 echo -DLLVM_PARALLEL_LINK_JOBS='<threads>'
  # 8 GB x 0.7 = 5.6 GB, 1 GB a worker
  reaches pytest-xdist 8GB PYTEST_XDIST_AUTO_NUM_WORKERS=5
  reaches pytest-xdist 8GB 'pytest -n auto'
  # (16 GB x 0.7 - 0.5 GB) / 2 GB = 5.35
  reaches jest 16GB 'jest --maxWorkers=5 --workerIdleMemoryLimit=2000000000'
  # 10 GB x 0.7 = 7 GB, 800 MB a worker
  printf 'a.jpg\0b.jpg\0' >photos
  tool='"$1" -q --want 16 --available ram=10GB imagemagick -- xargs -0 -n 1 -P "<threads>" mogrify "<threads>" <photos'
  expect 0 sh -c "$tool" - "$program"
  said out 'mogrify 8 b.jpg'
  said out MAGICK_THREAD_LIMIT=1
  said out MAGICK_MEMORY_LIMIT=762MiB # 800e6 / 2^20 = 762.9
  tried="$tried imagemagick"
}

program=$FITRUN
all_reached
for file in "$SOURCE"/configs/*.toml; do
  name=$(basename "$file" .toml)
  case " $tried " in *" $name "*) ;; *) fail "$name is not tried here" ;; esac
  expect 0 "$FITRUN" check "$file"
  expect 0 "$FITRUN" check "$name"
  # the comment right above a figure names its source
  awk '/^#/ { comment = comment $0; next }
       /^(fixed|per_worker) *=/ { figures++
         if (comment !~ /https:\/\//) { print FILENAME ": " $0; bad = 1 } }
       { comment = "" }
       END { exit bad || !figures }' "$file" || fail "a figure has no source"
done

expect 0 cmake --install "$(dirname "$(dirname "$FITRUN")")" --prefix "$work/prefix"
program=$work/prefix/bin/fitrun
all_reached
expect 0 "$program" plan cpp-build --format json
said out "\"stage\": \"$work/prefix/"

# what comes with the program
for file in man/man1/fitrun.1 bash-completion/completions/fitrun doc/fitrun/README.md; do
  [ -s "$work/prefix/share/$file" ] || fail "$file is not installed"
done
