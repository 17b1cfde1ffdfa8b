#!/usr/bin/env bash
# Runs vectors and goldens on an emulated arm64 and compares them with the committed integers.
#
#   benchmarks/machines/arm64.sh [ITEM ...]     items as in on_device.py, with _ for a space:
#                                               vectors_float64_dot golden_float64_mlp …
#
# Debian's qemu-user-static, its arm64 Python and the aarch64 wheels of JAX lie in build/arm64/; nothing
# is installed.  Where they cannot be had it says so and exits with 77.  Rows are kept in
# build/arm64/rows.jsonl; a row that is there is not done again.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD/build/arm64
root=$here/root site=$here/site qemu=$here/qemu/usr/bin/qemu-aarch64-static
release=${DEBIAN:-bookworm} python=3.11

skip() {
  echo "ARM64 IS NOT TESTED: $*" >&2
  exit 77
}

packages="python$python python$python-minimal libpython$python-minimal libpython$python-stdlib libc6
  libexpat1 zlib1g libssl3 libffi8 libbz2-1.0 liblzma5 libstdc++6 libgcc-s1 libsqlite3-0 libuuid1"

# apt with lists and an architecture of its own: the machine's are not touched
get() {
  local architecture=$1 folder=$here/apt-$1
  shift
  mkdir -p "$folder"/{lists/partial,archives/partial} "$here/debs-$architecture"
  touch "$folder/status"
  cat >"$folder/apt.conf" <<CONF
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
Dir::State::lists "$folder/lists";
Dir::State::status "$folder/status";
Dir::Cache "$folder";
APT::Sandbox::User "root";
CONF
  export APT_CONFIG=$folder/apt.conf
  apt-get update -qq && (cd "$here/debs-$architecture" && apt-get download -qq "$@")
}

if [[ ! -e $here/.installed ]]; then
  command -v apt-get dpkg >/dev/null || skip "needs apt-get and dpkg, as on Debian"
  grep -q "VERSION_CODENAME=$release" /etc/os-release || skip "the packages' names are those of Debian $release"
  rm -rf "$here" && mkdir -p "$root" "$site" "$here/qemu"
  get arm64 $packages || skip "Debian's arm64 packages cannot be had"
  get "$(dpkg --print-architecture)" qemu-user-static || skip "Debian's qemu-user-static cannot be had"
  for package in "$here"/debs-arm64/*.deb; do dpkg -x "$package" "$root"; done
  for package in "$here"/debs-*/qemu-user-static*.deb; do dpkg -x "$package" "$here/qemu"; done
  # the versions and hashes of the lock, for the other machine
  .venv/bin/uv pip install --quiet --target "$site" --python-platform aarch64-manylinux_2_28 \
    --python-version $python --only-binary :all: --no-deps --require-hashes \
    -r <(awk '/^[a-z]/ {keep = /^(jax|jaxlib|numpy|ml-dtypes|opt-einsum|scipy|pycryptodome)==/} keep' requirements.lock) ||
    skip "the aarch64 wheels cannot be had"
  touch "$here/.installed"
fi

(($#)) || set -- golden_float64_mlp golden_integer_mlp golden_float64_gpt vectors_float64_{add,mul,div,rem,exp,log,tanh,dot,sum}
export PYTHONPATH=$PWD:$site
exec "$qemu" -L "$root" "$root/usr/bin/python$python" -m benchmarks.machines.emulated "$here/rows.jsonl" "$@"
