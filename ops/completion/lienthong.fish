# fish completion of lienthong. What may stand where the program says itself (lienthong --complete).
function __lienthong_offers
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    for offer in ($words[1] --complete $words[2..-1] "$word" 2>/dev/null)
        switch $offer
            case ':files'
                __fish_complete_path "$word"
            case ':folders'
                __fish_complete_directories "$word" ''
            case '*'
                string match -q -- '--*=*' "$word"
                and echo (string replace -r '=.*' '=' -- "$word")$offer
                or echo $offer
        end
    end
end
complete -c lienthong -f -a '(__lienthong_offers)'
