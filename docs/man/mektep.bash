# Completion of mektep for bash, by `mektep completion bash`. zsh loads it by bashcompinit.
_mektep_names() { # KIND CONFIG -> names of the devices of that kind
    awk -v kind="$1" '
        /^\[\[/ { now = $0; gsub(/[^a-z]/, "", now) }
        /^name *= *"/ { if (kind == "any" || now == kind) { split($0, part, "\""); print part[2] } }
    ' "$2" 2>/dev/null
}

_mektep() {
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}"
    local path="mektep" config="/etc/mektep/agent.toml" words="" names="" i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$path ${COMP_WORDS[i]}" in
            "mektep status"|"mektep doctor"|"mektep why"|"mektep top"|"mektep tail"|"mektep incident"|"mektep incident list"|"mektep incident acknowledge"|"mektep incident confirm"|"mektep incident dismiss"|"mektep incident close"|"mektep reader"|"mektep reader test"|"mektep sensor"|"mektep sensor test"|"mektep camera"|"mektep camera list"|"mektep camera snapshot"|"mektep camera shot"|"mektep camera zones"|"mektep camera tune"|"mektep drill"|"mektep outbox"|"mektep outbox list"|"mektep outbox show"|"mektep outbox export"|"mektep outbox reconcile"|"mektep reference"|"mektep bundle"|"mektep discover"|"mektep check"|"mektep config"|"mektep config show"|"mektep config history"|"mektep config undo"|"mektep config diff"|"mektep update"|"mektep firmware"|"mektep enrol"|"mektep identity"|"mektep secret"|"mektep card"|"mektep ledger"|"mektep ledger show"|"mektep ledger prove"|"mektep ledger grown"|"mektep audit"|"mektep completion"|"mektep run"|"mektep demo") path="$path ${COMP_WORDS[i]}" ;;
        esac
        case "${COMP_WORDS[i]}" in *.toml) config="${COMP_WORDS[i]}" ;; esac
    done
    case "$path $prev" in
        "mektep tail --lane") words="alarm record telemetry" ;;
        "mektep tail --device") names="any" ;;
        "mektep incident dismiss --reason") words="false_alarm play allowed duplicate other" ;;
        "mektep firmware --with") words="rtc-ds3231 rtc-cell no-wifi read-only-root" ;;
        "mektep firmware --without") words="rtc-ds3231 rtc-cell no-wifi read-only-root" ;;
        "mektep card --form") words="em4100 uid4 uid7 wiegand26 wiegand34" ;;
        "mektep demo --store") words="sqlite postgres" ;;
        *)
            case "$path" in
                "mektep") words="-h --help --version status doctor why top tail incident reader sensor camera drill outbox reference bundle discover check config update firmware enrol identity secret card ledger audit completion run demo" ;;
                "mektep status") words="-h --help --json" ;;
                "mektep doctor") words="-h --help --only --list --json" ;;
                "mektep why") words="-h --help --since --json" ;;
                "mektep top") words="-h --help --every --json" ;;
                "mektep tail") words="-h --help --device --lane --since --lines --once --json" ;;
                "mektep incident") words="-h --help --json list acknowledge confirm dismiss close" ;;
                "mektep incident list") words="-h --help --closed --json" ;;
                "mektep incident acknowledge") words="-h --help --json" ;;
                "mektep incident confirm") words="-h --help --json" ;;
                "mektep incident dismiss") words="-h --help --reason --json" ;;
                "mektep incident close") words="-h --help --json" ;;
                "mektep reader") words="-h --help --json test" ;;
                "mektep reader test") words="-h --help --seconds --json --show"; names="reader" ;;
                "mektep sensor") words="-h --help --json test" ;;
                "mektep sensor test") words="-h --help --seconds --json"; names="sensor" ;;
                "mektep camera") words="-h --help --json list snapshot shot zones tune" ;;
                "mektep camera list") words="-h --help --json" ;;
                "mektep camera snapshot") words="-h --help --out --plain --json"; names="camera" ;;
                "mektep camera shot") words="-h --help --out --plain --json"; names="camera" ;;
                "mektep camera zones") words="-h --help --out --plain --json"; names="camera" ;;
                "mektep camera tune") words="-h --help --days --budget --picture --json" ;;
                "mektep drill") words="-h --help fire medical fight intrusion bullying other tamper --place --zone --seconds --json" ;;
                "mektep outbox") words="-h --help --json list show export reconcile" ;;
                "mektep outbox list") words="-h --help --json" ;;
                "mektep outbox show") words="-h --help alarm record telemetry --epoch --json" ;;
                "mektep outbox export") words="-h --help alarm record telemetry --from --to --owed --out --epoch --json" ;;
                "mektep outbox reconcile") words="-h --help --json" ;;
                "mektep reference") words="-h --help --json" ;;
                "mektep bundle") words="-h --help --out --list --json" ;;
                "mektep discover") words="-h --help --listen --probe --port --network --interface --host --scan --json --root" ;;
                "mektep check") words="-h --help --json" ;;
                "mektep config") words="-h --help --file --json show history undo diff" ;;
                "mektep config show") words="-h --help --file --json" ;;
                "mektep config history") words="-h --help --file --json" ;;
                "mektep config undo") words="-h --help --file --json" ;;
                "mektep config diff") words="-h --help --file --json" ;;
                "mektep update") words="-h --help show --json" ;;
                "mektep firmware") words="-h --help show diff apply undo --with --without --skip-eeprom --yes --root --json" ;;
                "mektep enrol") words="-h --help --config --wait --replace --json" ;;
                "mektep identity") words="-h --help" ;;
                "mektep secret") words="-h --help --new" ;;
                "mektep card") words="-h --help --form" ;;
                "mektep ledger") words="-h --help --json show prove grown" ;;
                "mektep ledger show") words="-h --help --json" ;;
                "mektep ledger prove") words="-h --help --json" ;;
                "mektep ledger grown") words="-h --help --json" ;;
                "mektep audit") words="-h --help --school --key --key-file --witness --leaf --proof --json" ;;
                "mektep completion") words="-h --help bash zsh" ;;
                "mektep run") words="-h --help --verbose" ;;
                "mektep demo") words="-h --help --seconds --faults --clips --store --compress --json --keep --rush --kills --untrusted --replaced" ;;
            esac ;;
    esac
    if [ -n "$names" ]; then words="$words $(_mektep_names "$names" "$config")"; fi
    COMPREPLY=( $(compgen -W "$words" -- "$cur") )
    if [ "${#COMPREPLY[@]}" -eq 0 ]; then COMPREPLY=( $(compgen -f -- "$cur") ); fi
}
complete -o filenames -F _mektep mektep
