#!/bin/sh
# Fails if a folder of src/ includes a folder that it may not know about, or if
# a library is used outside its home. The table is the architecture; src/README.md
# shows the same one.
cd "$(dirname "$0")/../src" || exit 2
status=0
complain() {
  echo "$*" >&2
  status=1
}

may_use() {
  case $1 in
    base)    echo "" ;;
    os)      echo "base" ;;
    fit)     echo "base" ;;
    stage)   echo "base os" ;;
    probe)   echo "base os" ;;
    gpu)     echo "base os probe" ;;
    share)   echo "base os" ;;
    run)     echo "base os" ;;
    hold)    echo "base os fit probe" ;;
    plan)    echo "base fit stage probe gpu" ;;
    measure) echo "base os fit stage probe gpu hold plan run" ;;
    launch)  echo "base os fit stage probe gpu share run hold plan measure" ;;
    cli)     echo "base os fit stage probe gpu share run hold plan measure launch" ;;
    *)       return 1 ;;
  esac
}

# What other folders see of these: the types, the doors, and for `probe` a few
# parsers that others need as well. Each source is behind a door, ram.h or vram.h.
doors() {
  case $1 in
    gpu)   echo "gpu vram vram_options" ;;
    probe) echo "constraint self ram cpus pressure worker_caps custom capture \
                 cgroup cgroup_files cgroup_memory meminfo mountinfo" ;;
  esac
}

# `plan` is pure: of those who read it knows the types.
doors_for() {
  case $1/$2 in
    plan/gpu)   echo "gpu" ;;
    plan/probe) echo "constraint cgroup_files" ;;
    *)          doors "$2" ;;
  esac
}

for folder in gpu probe; do
  for file in */*.h */*.cpp; do
    [ "${file%%/*}" != "$folder" ] || continue
    for header in $(sed -n "s|^#include \"$folder/\([a-z_]*\)\.h\".*|\1|p" "$file"); do
      case " $(doors_for "${file%%/*}" "$folder" | tr -s ' \n' '  ') " in
        *" $header "*) ;;
        *) complain "$file: $folder/$header.h is none of the doors of $folder/" ;;
      esac
    done
  done
done

for dir in */; do
  dir=${dir%/}
  allowed=$(may_use "$dir") || {
    complain "unknown folder $dir"
    continue
  }
  for file in "$dir"/*.h "$dir"/*.cpp; do
    [ -e "$file" ] || continue
    for used in $(sed -n 's|^#include "\([a-z]*\)/.*|\1|p' "$file" | sort -u); do
      case " $dir $allowed " in
        *" $used "*) ;;
        *) complain "$file: $dir/ may not use $used/" ;;
      esac
    done
    case $file in
      *.h) [ "$(head -c 3 "$file")" = "// " ] ||
             complain "$file: a header opens with a paragraph for a stranger" ;;
    esac
  done
done

# The table of src/README.md is the same.
table=$(sed -n 's/^| [0-9] | `\([a-z]*\)` |.*| *\([a-z ]*[a-z]\)\{0,1\} *|$/\1:\2/p' README.md)
[ -n "$table" ] || complain "src/README.md has no table of folders"
echo "$table" | (while IFS=: read -r dir used; do
  allowed=$(may_use "$dir") && [ "$used" = "$allowed" ] ||
    complain "src/README.md: $dir may use \"$used\", here \"$allowed\""
done
exit $status) || status=1
for dir in */; do
  echo "$table" | grep -q "^${dir%/}:" || complain "src/README.md lacks $dir"
done

# Two types of one name in one namespace break each other without a word from
# the linker.
twice=$(awk '/^namespace/ { space = $2 }
             /^(struct|class|enum) [^<]*[{]/ { sub(/enum class/, "enum"); sub(/\[\[nodiscard\]\] /, ""); print space "::" $2 }' \
  */*.h | sort | uniq -d)
[ -z "$twice" ] || complain "types that are defined twice:" "$twice"

# A library is used in the folders that the table of src/README.md gives it.
allowed=$(sed -n 's/^| `\([A-Za-z+]*\/\)` | .* | *\([a-z ]*[a-z]\) *|$/\1 \2/p' README.md)
[ -n "$allowed" ] || complain "src/README.md has no table of libraries"
system='sys/ linux/ '
for file in */*.h */*.cpp *.cpp; do
  for library in $(sed -n 's|^#include <\([A-Za-z+]*/\).*|\1|p' "$file" | sort -u); do
    case $system in *"$library "*) continue ;; esac
    case " $(echo "$allowed" | sed -n "s|^$library ||p") " in
      *" ${file%%/*} "*) ;;
      *) complain "$file: <$library...> has no place in ${file%%/*}" ;;
    esac
  done
done
strays=$(grep -l '#include <dlfcn.h' */*.h */*.cpp | grep -v '^os/')
[ -z "$strays" ] || complain "<dlfcn.h> belongs to os/, not" "$strays"

# The files that src/README.md names are there.
for file in $(grep -o '`[a-z]*/[a-z_]*\.\(cpp\|h\)`' README.md | tr -d '`'); do
  [ -e "$file" ] || complain "src/README.md names $file"
done

exit $status
