# Completion of s2d's command line for bash.
_s2d()
{
    local word=$2 before=$3 command=${COMP_WORDS[1]} models profiles
    local all="chat run pull models info tokenize bench tune train draft worker replay"
    models=$(s2d models 2>/dev/null | awk 'NF > 2 && /^[a-z]/ { print $1 }')
    COMPREPLY=()

    case $before in
    --profile)
        profiles=$(s2d info 2>/dev/null | awk '$1 == "profile" { print $2 }')
        COMPREPLY=($(compgen -W "$profiles" -- "$word") $(compgen -f -X '!*.yaml' -- "$word"))
        return ;;
    --target | --draft | -m)
        COMPREPLY=($(compgen -W "$models" -- "$word") $(compgen -f -X '!*.gguf' -- "$word"))
        return ;;
    --adapter) COMPREPLY=($(compgen -W "none" -- "$word") $(compgen -f -X '!*.gguf' -- "$word")); return ;;
    --drafter) COMPREPLY=($(compgen -W "plain sd exit: s2d s2d-frontier self ngram ngram+s2d" -- "$word")); return ;;
    --spec) COMPREPLY=($(compgen -W "auto on off" -- "$word")); return ;;
    --tree) COMPREPLY=($(compgen -W "auto off" -- "$word")); return ;;
    --device) COMPREPLY=($(compgen -W "auto cpu cuda" -- "$word")); return ;;
    --kv) COMPREPLY=($(compgen -W "f16 q8" -- "$word")); return ;;
    --isa) COMPREPLY=($(compgen -W "auto amx avx512 avx2 scalar" -- "$word")); return ;;
    --tune) COMPREPLY=($(compgen -W "exits lora: full" -- "$word")); return ;;
    --method) COMPREPLY=($(compgen -W "soft sft" -- "$word")); return ;;
    --loss) COMPREPLY=($(compgen -W "distill text" -- "$word")); return ;;
    --type) COMPREPLY=($(compgen -W "f32 f16 q8_0 q5_1 q5_0 q4_1 q4_0" -- "$word")); return ;;
    --act) COMPREPLY=($(compgen -W "int8 f32" -- "$word")); return ;;
    esac
    if [ "$COMP_CWORD" = 1 ]; then
        COMPREPLY=($(compgen -W "$all --help --version --profile --target --plain" -- "$word"))
        return
    fi
    local engine="--profile --target --draft --adapter --drafter --spec --tree --temp --top-k --top-p --seed --ctx
        --kv --threads --device --isa --act --host"
    case $command in
    chat | -*) COMPREPLY=($(compgen -W "$engine --plain" -- "$word")) ;;
    run) COMPREPLY=($(compgen -W "-p -n $engine --raw --ignore-eos --json" -- "$word")) ;;
    pull) COMPREPLY=($(compgen -W "--ask $models" -- "$word")) ;;
    info) COMPREPLY=($(compgen -W "coder smollm2 vicuna $models" -- "$word") $(compgen -f -- "$word")) ;;
    tokenize) COMPREPLY=($(compgen -W "-m --special" -- "$word")) ;;
    bench)
        if [ "$COMP_CWORD" = 2 ]; then
            COMPREPLY=($(compgen -W "kernels verify spec project products synth" -- "$word"))
        else
            COMPREPLY=($(compgen -W "$engine --json --csv --repeats --questions --sample --categories
                --methods --vocab --layers --type --mat --drafted --shape --rows --scored -o" -- "$word") $(compgen -f -- "$word"))
        fi ;;
    tune) COMPREPLY=($(compgen -W "--prompts --forget -n --sample --repeats --json --csv $engine" -- "$word") $(compgen -f -- "$word")) ;;
    draft) COMPREPLY=($(compgen -W "merge --profile --draft --adapter --exit -o" -- "$word") $(compgen -f -- "$word")) ;;
    train) COMPREPLY=($(compgen -W "-m -o -n --data --eval --avoid --list --tune --method --loss --top --layers --exits
        --copy --epochs --steps --batch --length --rate --warmup --cosine --decay --clip --seed --hold --every --type
        --system --cache --start --resume --plan --shape --threads --isa --device --generate --prompts --temp --top-k --top-p
        --at-once" -- "$word") $(compgen -f -- "$word")) ;;
    replay) COMPREPLY=($(compgen -f -- "$word")) ;;
    esac
}
complete -o filenames -F _s2d s2d
