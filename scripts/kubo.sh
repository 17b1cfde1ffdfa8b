#!/usr/bin/env bash
# Gets Kubo, the IPFS daemon, where it is not installed, and prints the path of its binary last.
#
#   kubo.sh           find it, or build it (a few minutes, once)
#   kubo.sh --find    find it only
#   kubo.sh --private FOLDER
#                     run a daemon with its repository in FOLDER that talks to nobody: loopback
#                     addresses on free ports, no bootstrap, discovery, routing or telemetry. Its API
#                     address appears in FOLDER/api, and stays the same when it is run again.
#
# Kubo comes from PATH, else from a build by Go of the version pinned in scripts/kubo/go.mod, whose
# sources go.sum names by hash. The build stays outside the clone.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
pins="$here/kubo"
version="$(awk '$1 == "github.com/ipfs/kubo" { print $2 }' "$pins/go.mod")"
built="${XDG_CACHE_HOME:-$HOME/.cache}/decentralizedai/kubo-$version/ipfs"

say() { echo "kubo: $*" >&2; }

fail() {
  say "$*"
  say "or install the official release ($version or newer): https://docs.ipfs.tech/install/command-line/"
  exit 1
}

find() {
  if found="$(command -v ipfs)"; then
    say "found on PATH, $("$found" version)"
  elif [[ -x "$built" ]]; then
    found="$built"
    say "found in the cache, $("$found" version)"
  else
    return 1
  fi
}

private() {
  export IPFS_PATH="$1" IPFS_TELEMETRY=off
  if [[ -f "$IPFS_PATH/config" ]]; then
    if [[ -s "$IPFS_PATH/api" ]]; then # the last run's, left behind if it was killed
      "$found" config Addresses.API "$(cat "$IPFS_PATH/api")"
      rm -f "$IPFS_PATH/api" # or it tells the address before the daemon answers there
    fi
  else
    # the profile: loopback only, free ports, no bootstrap, no discovery, no port mapping
    "$found" init --empty-repo --profile=test >&2
    "$found" config Routing.Type none
    "$found" config --json Swarm.RelayClient.Enabled false
    "$found" config --json Swarm.Transports.Network.Relay false
  fi
  exec "$found" daemon
}

if find; then
  if [[ "${1:-}" == --private ]]; then private "${2:?a folder}"; fi
  echo "$found"
  exit
fi
[[ $# == 0 ]] || fail "not installed; run: make kubo"

# where the official installer of Go puts it, often without a line in the user's PATH
go="$(command -v go || echo /usr/local/go/bin/go)"
[[ -x "$go" ]] || fail "not installed, and there is no Go to build it with"

say "building $version with $("$go" version | cut -d ' ' -f 3), at low priority; this takes minutes"
mkdir -p "$(dirname "$built")"
partial="$built.$$"
trap 'rm -f "$partial"' EXIT
# -mod=readonly: nothing but what go.mod and go.sum pin; no cgo: the same binary without a C compiler
(cd "$pins" && CGO_ENABLED=0 nice -n 19 "$go" build -mod=readonly -trimpath -buildvcs=false \
  -ldflags='-s -w' -o "$partial" github.com/ipfs/kubo/cmd/ipfs) >&2 ||
  fail "the build failed; if sources could not be fetched, check Go's module proxy (go env GOPROXY)"
mv "$partial" "$built" # whole or not at all
say "built, $("$built" version)"
echo "$built"
