/** `fairlead ctl completion <shell>`: what a shell is to load. Each asks `fairlead ctl complete`, so they know nothing. */

const BASH = `# fairlead ctl: completion for bash. Load it with: source <(fairlead ctl completion bash)
_fairlead() {
    local cur="\${COMP_WORDS[COMP_CWORD]}" IFS=$'\\n'
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W $'ctl\\ndemo' -- "$cur"))
    elif [ "\${COMP_WORDS[1]}" = ctl ]; then
        COMPREPLY=($("\${COMP_WORDS[0]}" ctl complete "\${COMP_WORDS[@]:2:COMP_CWORD-1}" 2>/dev/null))
    fi
}
complete -o default -F _fairlead fairlead
`;

const ZSH = `#compdef fairlead
# fairlead ctl: completion for zsh. Load it with: source <(fairlead ctl completion zsh)
_fairlead() {
    local -a found
    if (( CURRENT == 2 )); then
        found=(ctl demo)
    elif [[ \${words[2]} == ctl ]]; then
        found=("\${(@f)$("\${words[1]}" ctl complete "\${(@)words[3,CURRENT]}" 2>/dev/null)}")
    fi
    (( \${#found} )) && compadd -- $found || _files
}
compdef _fairlead fairlead
`;

const FISH = `# fairlead ctl: completion for fish. Load it with: fairlead ctl completion fish | source
function __fairlead_complete
    set -l words (commandline -opc) (commandline -ct)
    if test (count $words) -gt 2; and test $words[2] = ctl
        $words[1] ctl complete $words[3..-1] 2>/dev/null
    else
        printf '%s\\n' ctl demo
    end
end
complete -c fairlead -f -a '(__fairlead_complete)'
`;

export const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
