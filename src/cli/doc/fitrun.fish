# fish completion for fitrun. Commands and options are read from --help, so that none is
# missing or too many.

# The fitrun that is being typed, which need not be in PATH.
function __fitrun_asked
    set -l program (commandline -opc)[1]
    command -q $program; and $program $argv 2>/dev/null
end

function __fitrun_verbs
    __fitrun_asked --help | string match -r '[a-z]+(?:\|[a-z]+)+(?= \.\.\.)' |
        string split '|'
end

# What the command line's own command would be completed with: it begins at that word.
function __fitrun_command -a at
    set -l words (commandline -opc)
    set -l begin (string escape -- $words[$at..])
    complete -C "$(string join ' ' -- $begin (commandline -ct))"
end

function __fitrun_options -a verb
    __fitrun_asked $verb --help | string replace -rf \
        '^  (?:(-.),|   ) (--[a-z-]+).*?  +(\S.*)$' '$1\t$3\n$2\t$3' |
        string replace -r '\\\\t' \t | string replace -r '\\\\n' \n | string match -r '^-.*'
end

function __fitrun
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l verb
    set -l at (contains -i -- -- $words)
    if test -n "$at"
        __fitrun_command (math $at + 1)
        return
    end
    if set -q words[2]
        if contains -- $words[2] (__fitrun_verbs)
            set verb $words[2]
        else if not string match -q -- '-*' $words[2]
            set -l kind (__fitrun_asked list | awk -v name=$words[2] '$1 == name { print $2 }')
            if test "$kind" = tool; or test -z "$kind"; and command -q $words[2]
                __fitrun_command 2
                return
            end
        end
    end
    switch $words[-1]
        case --pool
            printf '%s\n' ram vram
        case --on-no-fit
            printf '%s\n' run-one fail wait
        case --color
            printf '%s\n' auto always never
        case --format
            __fitrun_asked $verb --help |
                string replace -rf '^ *--format FORMAT +([a-z, ]+).*' '$1' |
                string replace ' or ' ', ' | string split ', ' | string trim
        case --for
            __fitrun_asked request -q --per-worker 1 --want 1 --format json |
                string replace -rf '.*"for": "(.*)".*' '$1'
        case --available
            printf '%s\n' ram= vram=
        case -w --want
            echo cpus
        case --plot --input
            __fish_complete_path $current
        case --root --capture
            __fish_complete_directories $current
        case '*'
            if string match -q -- '-*' $current
                __fitrun_options $verb
                return
            end
            test "$verb" = help; or not set -q words[2]; and __fitrun_verbs
            test "$verb" = help; and return
            __fitrun_asked list | string replace -r ' .*' ''
            __fish_complete_suffix .toml
            set -q words[2]; or test -z "$current"; or complete -C "$current"
    end
end

complete -c fitrun -f -a '(__fitrun)'
