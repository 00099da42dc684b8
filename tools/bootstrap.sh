#!/usr/bin/env bash
# Brings a bare Debian 12 machine to the point where Passgate's own commands run: system packages that are missing, and .venv.
# Usage: tools/bootstrap.sh [demo|test|bench]. Idempotent: a second run that has nothing to do takes well under a second.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-demo}
python=${PYTHON:-python3}

packages=()
want() { packages+=("$1"); }
"$python" -c 'import venv, ensurepip' 2>/dev/null || want python3-venv
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || [ -n "${PASSGATE_PG_BIN:-}" ] || want postgresql
command -v psql >/dev/null || want postgresql-client
command -v cc >/dev/null || want gcc
"$python" - <<'EOF' || want python3-dev
import pathlib, sys, sysconfig
sys.exit(not pathlib.Path(sysconfig.get_paths()["include"], "Python.h").exists())
EOF
if [ "$purpose" = test ]; then
  command -v node >/dev/null || want nodejs
  command -v npm >/dev/null || want npm
  command -v javac >/dev/null || want default-jdk-headless
  [ -e /usr/share/java/postgresql.jar ] || want libpostgresql-jdbc-java
fi
if [ "$purpose" = bench ]; then
  command -v pgbench >/dev/null || want postgresql-contrib
  command -v pgbouncer >/dev/null || want pgbouncer
fi

if [ ${#packages[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ]; then
    echo "passgate: these system packages are missing: ${packages[*]}. Install them, or run this once as root." >&2
    exit 1
  fi
  echo "passgate: installing ${packages[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  # The server package would create and start a cluster of its own; the project only needs the programs.
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
  fi
  log=$(mktemp) # not a name that anybody could have made a link of
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "${packages[@]}" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    exit 1
  }
  rm -f "$log"
fi

stamp=.venv/.passgate-$(cat requirements/dev.txt setup.py pyproject.toml | sha256sum | cut -c1-16)
if [ ! -e "$stamp" ]; then
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "passgate: Python 3.11 or newer is needed" >&2; exit 1; }
  echo "passgate: preparing .venv" >&2
  [ -x .venv/bin/python ] || "$python" -m venv .venv
  .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
  PASSGATE_NATIVE=0 .venv/bin/python -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
  rm -f .venv/.passgate-*
  touch "$stamp"
fi

if [ "$purpose" = test ]; then
  # A provider that people sign in at. Its dependencies are none of ours, so it lives apart.
  canaille=.venv/canaille/.passgate-$(sha256sum requirements/canaille.txt | cut -c1-16)
  if [ ! -e "$canaille" ]; then
    echo "passgate: preparing .venv/canaille" >&2
    rm -rf .venv/canaille
    "$python" -m venv .venv/canaille
    .venv/canaille/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/canaille.txt
    touch "$canaille"
  fi
fi

# Every source counts that the compiled ones may import: the types that mypy saw there are compiled into them.
sources=(src/passgate/{implementation.py,core,pipeline,codecs,endpoints,languages,ledger,masking/hot,policy})
native=.venv/.native-$(find "${sources[@]}" -name '*.py' -print0 | sort -z | xargs -0 -r cat setup.py | sha256sum | cut -c1-16)
if [ ! -e "$native" ]; then
  # What was compiled from other sources must not run, whatever comes of this build.
  rm -rf build src/passgate_native .venv/.native-*
  find src -name '*.so' -delete
  if command -v cc >/dev/null; then
    echo "passgate: compiling (two minutes)" >&2
    if .venv/bin/python setup.py -q build_ext --inplace >.venv/native.log 2>&1; then
      touch "$native"
    else
      echo "passgate: the modules did not compile (.venv/native.log); their sources run" >&2
    fi
  fi
fi
