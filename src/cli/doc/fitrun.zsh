#compdef fitrun
# zsh completion for fitrun. Commands and options are read from --help, so that none is
# missing or too many.

local fitrun=$words[1] verb at
local -a verbs names options
verbs=(${(s:|:)"$($fitrun --help 2>/dev/null | grep -oE '[a-z]+(\|[a-z]+)+ \.\.\.' |
  tr -d ' .' | tr '\n' '|')"})
((CURRENT > 2 && $verbs[(Ie)$words[2]])) && verb=$words[2]

# The command's own words are not fitrun's: $1 of them stand before it.
_fitrun_command() {
  shift $1 words
  ((CURRENT -= $1))
  _normal
}
at=$words[(i)--]
if ((at < CURRENT)); then
  _fitrun_command $at
  return
fi
if ((CURRENT > 2)) && [[ -z $verb && $words[2] != -* ]]; then
  case $($fitrun list 2>/dev/null | awk -v name=$words[2] '$1 == name { print $2 }') in
    stage) ;;
    tool) _fitrun_command 1 && return ;;
    *) (($+commands[$words[2]])) && _fitrun_command 1 && return ;;
  esac
fi

case $words[CURRENT-1] in
  --pool) compadd ram vram ;;
  --on-no-fit) compadd run-one fail wait ;;
  --color) compadd auto always never ;;
  --format)
    compadd $($fitrun $verb --help 2>/dev/null |
      sed -n 's/^ *--format FORMAT *\([a-z, ]*\).*/\1/p' | sed 's/ or /,/' | tr , ' ')
    ;;
  --for)
    compadd $($fitrun request -q --per-worker 1 --want 1 --format json 2>/dev/null |
      sed -n 's/.*"for": "\(.*\)".*/\1/p')
    ;;
  --available) compadd -S '' ram= vram= ;;
  -w | --want) compadd cpus ;;
  --plot | --input) _files ;;
  --root | --capture) _files -/ ;;
  *)
    if [[ $PREFIX == -* ]]; then
      options=(${(f)"$($fitrun $verb --help 2>/dev/null |
        sed -nE -e 's/^  (-.), (--[a-z-]+).*   *([^ ].*)$/\1:\3\n\2:\3/p' \
          -e 's/^      (--[a-z-]+).*   *([^ ].*)$/\1:\2/p')"})
      _describe option options
      return
    fi
    ((CURRENT > 2)) && [[ $verb != help ]] || compadd -a verbs
    [[ $verb != help ]] || return 0
    names=(${(f)"$($fitrun list 2>/dev/null | cut -d' ' -f1)"})
    compadd -a names
    _files -g '*.toml'
    ((CURRENT > 2)) || [[ -z $PREFIX ]] || _command_names -e
    ;;
esac
