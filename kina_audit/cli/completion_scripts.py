"""What a shell needs to complete: one table of commands, options and words, and each shell's few lines that read it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Option(NamedTuple):
    """An option.

    Attributes:
        names: as it is written, such as ``-p`` and ``--profile``.
        kind: of its value: a name in the table of words, ``=`` with the words themselves, commas between them, ``files`` or ``anything``; empty: it
            takes none.
        told: what it does.
    """

    names: tuple[str, ...]
    kind: str
    told: str


class Level(NamedTuple):
    """A command and what may follow it.

    Attributes:
        path: its words, such as ``cilium review``; empty: the tool itself.
        below: the commands below it, and what each does.
        options: its options.
        arguments: the kinds of its arguments.
    """

    path: str
    below: Sequence[tuple[str, str]]
    options: Sequence[Option]
    arguments: Sequence[str]


def script(shell: str, levels: Sequence[Level], words: Mapping[str, Sequence[str]]) -> str:
    """The script for ``bash``, ``zsh`` or ``fish``."""
    if shell == "fish":
        return _HEAD + _fish_table(levels, words) + _FISH
    start = "#compdef kina-audit\n" if shell == "zsh" else ""
    return start + _HEAD + _posix_table(levels, words) + (_ZSH if shell == "zsh" else _BASH)


def _posix_table(levels: Sequence[Level], words: Mapping[str, Sequence[str]]) -> str:
    """The functions of the table, for bash and zsh: each prints lines, a word and what it is behind a tab."""
    rows = ["_kina_audit_kind() {", "  case $1 in"]
    for level in levels:
        for option in level.options:
            if option.kind:
                names = "|".join(_quoted(f"{level.path} {name}") for name in option.names)
                rows.append(f"  {names}) echo {_quoted(option.kind)};;")
    rows += ["  esac", "}", "_kina_audit_below() {", "  case $1 in"]
    rows += [f"  {_quoted(x.path)}) {_printed(x.below)};;" for x in levels if x.below]
    rows += ["  esac", "}", "_kina_audit_options() {", "  case $1 in"]
    rows += [f"  {_quoted(x.path)}) {_printed([(n, o.told) for o in x.options for n in o.names])};;" for x in levels]
    rows += ["  esac", "}", "_kina_audit_arguments() {", "  case $1 in"]
    rows += [f"  {_quoted(x.path)}) echo {_quoted(' '.join(x.arguments))};;" for x in levels if x.arguments]
    rows += ["  esac", "}", "_kina_audit_words() {", "  case $1 in", "  '='*) echo \"${1#=}\" | tr , '\\n';;"]
    rows += [f"  {_quoted(kind)}) {_printed([(w, '') for w in those])};;" for kind, those in words.items()]
    return "\n".join([*rows, "  esac", "}"]) + "\n"


def _printed(rows: Sequence[tuple[str, str]]) -> str:
    lines = " ".join(_quoted(f"{word}\t{told}" if told else word) for word, told in rows)
    return f"printf '%s\\n' {lines}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "").replace("\n", " ") + "'"


def _fish_table(levels: Sequence[Level], words: Mapping[str, Sequence[str]]) -> str:
    rows = ["function __kina_audit_kind", "  switch $argv[1]"]
    for level in levels:
        for option in level.options:
            if option.kind:
                names = " ".join(_quoted(f"{level.path} {name}") for name in option.names)
                rows.append(f"  case {names}; echo {_quoted(option.kind)}")
    rows += ["  end", "end", "function __kina_audit_below", "  switch $argv[1]"]
    rows += [f"  case {_quoted(x.path)}; {_printed(x.below)}" for x in levels if x.below]
    rows += ["  end", "end", "function __kina_audit_options", "  switch $argv[1]"]
    rows += [f"  case {_quoted(x.path)}; {_printed([(n, o.told) for o in x.options for n in o.names])}" for x in levels]
    rows += ["  end", "end", "function __kina_audit_arguments", "  switch $argv[1]"]
    for level in levels:
        if level.arguments:
            rows.append(f"  case {_quoted(level.path)}; printf '%s\\n' {' '.join(map(_quoted, level.arguments))}")
    rows += ["  end", "end", "function __kina_audit_words", "  switch $argv[1]"]
    rows += ["  case '=*'; string sub -s 2 -- $argv[1] | string split ,"]
    rows += [f"  case {_quoted(kind)}; {_printed([(w, '') for w in those])}" for kind, those in words.items()]
    return "\n".join([*rows, "  end", "end"]) + "\n"


_HEAD = "# Written by `kina-audit completion`; after an upgrade, write it again. TAB starts no program with it.\n"

# bash 3.2 and later. The line is read anew: bash has split its words at ':' and '=', which sources and outputs have in them.
_BASH = r"""
_kina_audit() {
  local line=${COMP_LINE:0:COMP_POINT} cur='' prev='' at='' kind='' word='' trim='' breaks='' i
  local -a words
  COMPREPLY=()
  read -r -a words <<< "$line"
  case $line in
    *[[:space:]]) ;;
    *) cur=${words[${#words[@]}-1]}; words=("${words[@]:0:${#words[@]}-1}") ;;
  esac
  for word in "${words[@]:1}"; do
    if [ -n "$prev" ]; then prev=''; continue; fi
    case $word in
      --*=*) ;;
      -?*) [ -n "$(_kina_audit_kind "$at $word")" ] && prev=$word ;;
      *) _kina_audit_below "$at" | cut -f 1 | grep -qxF -- "$word" && at="${at:+$at }$word" ;;
    esac
  done
  local head=''
  case $cur in
    --*=*) [ -z "$prev" ] && { prev=${cur%%=*}; head=$prev=; cur=${cur#*=}; } ;;
  esac
  if [ -n "$prev" ]; then
    kind=$(_kina_audit_kind "$at $prev")
    _kina_audit_reply "$kind" "$cur"
  elif [[ $cur == -* ]]; then
    while IFS= read -r word; do [[ $word == "$cur"* ]] && COMPREPLY+=("$word"); done < <(_kina_audit_options "$at" | cut -f 1)
  else
    while IFS= read -r word; do [[ $word == "$cur"* ]] && COMPREPLY+=("$word"); done < <(_kina_audit_below "$at" | cut -f 1)
    for kind in $(_kina_audit_arguments "$at"); do _kina_audit_reply "$kind" "$cur"; done
  fi
  cur=$head$cur
  for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=$head${COMPREPLY[i]}; done
  [[ $COMP_WORDBREAKS == *:* ]] && breaks=:
  [[ $COMP_WORDBREAKS == *=* ]] && breaks=$breaks=
  if [ -n "$breaks" ]; then
    trim=${cur%"${cur##*[$breaks]}"}
    for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$trim"}; done
  fi
  case ${COMPREPLY[0]} in *[:=/]) [ ${#COMPREPLY[@]} = 1 ] && type compopt >/dev/null 2>&1 && compopt -o nospace 2>/dev/null ;; esac
  return 0
}
_kina_audit_reply() {
  local word=''
  while IFS= read -r word; do [[ $word == "$2"* ]] && COMPREPLY+=("$word"); done < <(_kina_audit_words "$1")
  case $1 in
    *outputs) case $2 in *=*) _kina_audit_files "${2%%=*}=" "${2#*=}" ;; esac ;;
    sources|profiles|files) _kina_audit_files '' "$2" ;;
  esac
}
_kina_audit_files() {
  local file=''
  while IFS= read -r file; do
    [ -d "$file" ] && file=$file/
    COMPREPLY+=("$1$file")
  done < <(compgen -f -- "$2")
}
complete -F _kina_audit kina-audit
"""

_ZSH = r"""
_kina_audit() {
  local cur=$words[CURRENT] prev='' at='' kind='' word=''
  local -a kinds
  for word in ${words[2,CURRENT-1]}; do
    if [[ -n $prev ]]; then prev=''; continue; fi
    case $word in
      --*=*) ;;
      -?*) [[ -n "$(_kina_audit_kind "$at $word")" ]] && prev=$word ;;
      *) [[ -n ${(M)${(f)"$(_kina_audit_below "$at" | cut -f 1)"}:#$word} ]] && at="${at:+$at }$word" ;;
    esac
  done
  if [[ -z $prev && $cur == --*=* ]]; then
    prev=${cur%%=*}
    compset -P '*='
  fi
  if [[ -n $prev ]]; then
    _kina_audit_reply "$(_kina_audit_kind "$at $prev")"
  elif [[ $cur == -* ]]; then
    _kina_audit_offer "$(_kina_audit_options "$at")"
  else
    _kina_audit_offer "$(_kina_audit_below "$at")"
    kinds=(${=$(_kina_audit_arguments "$at")})
    for kind in $kinds; do _kina_audit_reply $kind; done
  fi
}
_kina_audit_offer() {
  local -a rows names shown
  local row
  rows=(${(f)1})
  for row in $rows; do
    names+=("${row%%$'\t'*}")
    shown+=("${row/$'\t'/  -- }")
  done
  (( $#names )) && compadd -l -d shown -a names
}
_kina_audit_reply() {
  local -a those open
  local word
  if [[ $1 == *outputs && $PREFIX == *=* ]]; then
    compset -P '*='
    _files
    return
  fi
  for word in ${(f)"$(_kina_audit_words "$1")"}; do
    case $word in
      *[:=]) open+=($word) ;;
      *) those+=($word) ;;
    esac
  done
  (( $#those )) && compadd -a those
  (( $#open )) && compadd -S '' -a open
  case $1 in sources|profiles|files) _files ;; esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _kina_audit "$@"
else
  compdef _kina_audit kina-audit
fi
"""

_FISH = r"""
function __kina_audit
  set -l prev ''
  set -l at ''
  set -l cur (commandline -ct)
  for word in (commandline -opc)[2..-1]
    if test -n "$prev"
      set prev ''
      continue
    end
    switch $word
      case '--*=*'
      case '-?*'
        test -n "$(__kina_audit_kind "$at $word")"; and set prev $word
      case '*'
        if __kina_audit_below "$at" | string replace -r '\t.*' '' | string match -q -- $word
          set at (string trim "$at $word")
        end
    end
  end
  set -l head ''
  if test -z "$prev"; and string match -q -- '--*=*' $cur
    set prev (string replace -r '=.*' '' -- $cur)
    set head "$prev="
    set cur (string replace -r '^[^=]*=' '' -- $cur)
  end
  if test -n "$prev"
    __kina_audit_reply (__kina_audit_kind "$at $prev") "$head" "$cur"
  else if string match -q -- '-*' $cur
    __kina_audit_options "$at"
  else
    __kina_audit_below "$at"
    for kind in (__kina_audit_arguments "$at")
      __kina_audit_reply $kind '' "$cur"
    end
  end
end
function __kina_audit_reply
  for word in (__kina_audit_words $argv[1])
    printf '%s\n' "$argv[2]$word"
  end
  switch $argv[1]
    case sources profiles files
      for file in (__fish_complete_path $argv[3])
        printf '%s\n' "$argv[2]$file"
      end
    case '*outputs'
      if string match -q '*=*' -- $argv[3]
        set -l format (string replace -r '=.*' '=' -- $argv[3])
        for file in (__fish_complete_path (string replace -r '^[^=]*=' '' -- $argv[3]))
          printf '%s\n' "$argv[2]$format$file"
        end
      end
  end
end
complete -c kina-audit -f -a '(__kina_audit)'
"""
