# bash completion for fitrun                                -*- shell-script -*-
# The options are read from --help, so that none is missing or too many.

# What TAB offers for the command that begins at this word.
_fitrun_command() {
  if declare -F _command_offset >/dev/null; then
    _command_offset "$1"
  else
    mapfile -t COMPREPLY < <(compgen -c -f -- "${COMP_WORDS[COMP_CWORD]}")
  fi
}

_fitrun() {
  local current=$2 before=$3 verbs verb='' options at
  COMPREPLY=()
  verbs=$("$1" --help 2>/dev/null | grep -oE "[a-z]+(\\|[a-z]+)+ \\.\\.\\." | tr -d " .")
  verbs=${verbs//[|$'\n']/ }
  if ((COMP_CWORD > 1)) && [[ " $verbs " == *" ${COMP_WORDS[1]} "* ]]; then
    verb=${COMP_WORDS[1]}
  fi
  # The command's own words are not fitrun's.
  for ((at = 1; at < COMP_CWORD; at++)); do
    if [[ ${COMP_WORDS[at]} == -- ]]; then
      _fitrun_command $((at + 1))
      return
    fi
  done
  if ((COMP_CWORD > 1)) && [[ -z $verb ]]; then
    case $("$1" list 2>/dev/null | awk -v name="${COMP_WORDS[1]}" '$1 == name { print $2 }') in
      stage) ;;
      tool) _fitrun_command 1 && return ;;
      *) [[ ${COMP_WORDS[1]} != -* ]] && type -P "${COMP_WORDS[1]}" >/dev/null &&
        _fitrun_command 1 && return ;;
    esac
  fi
  options=$("$1" ${verb:+"$verb"} --help 2>/dev/null |
    sed -n 's/^  \(-.\), \(--[a-z-]*\).*/\1 \2/p; s/^      \(--[a-z-]*\).*/\1/p')
  case $before in
    --pool) options='ram vram' ;;
    --on-no-fit) options='run-one fail wait' ;;
    --color) options='auto always never' ;;
    --format)
      options='text json shell threads'
      [[ $verb != request ]] || options='text json bytes'
      ;;
    --for)
      options=$("$1" request -q --per-worker 1 --want 1 --format json 2>/dev/null |
        sed -n 's/.*"for": "\(.*\)".*/\1/p')
      ;;
    --available) options='ram= vram=' ;;
    -w | --want) options=cpus ;;
    --plot | --input)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --root | --capture)
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
    *)
      if [[ $current != -* ]]; then
        options=$("$1" list 2>/dev/null | cut -d' ' -f1)
        ((COMP_CWORD > 1)) || options="$verbs $options"
        [[ $verb != help ]] || options=$verbs
        mapfile -t COMPREPLY < <(compgen -f -X '!*.toml' -- "$current"
          compgen -d -- "$current"
          ((COMP_CWORD > 1)) || [[ -z $current ]] || compgen -c -- "$current")
      fi
      ;;
  esac
  mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$options" -- "$current")
}
complete -o filenames -o bashdefault -F _fitrun fitrun
