# Completion of s2d's command line for bash: the program knows what may come, files are added here.
_s2d()
{
    local line files
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
        \**)
            mapfile -t files < <(compgen -f -X "!$line" -- "$2")
            COMPREPLY+=("${files[@]}") ;;
        *) COMPREPLY+=("$line") ;;
        esac
    done < <("$1" complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o filenames -F _s2d s2d
