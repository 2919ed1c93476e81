#!/bin/sh
# Prints the path of opa at the pinned version, and obtains it first where it is missing:
# the one on PATH, else the cached one, else `go install`, else the release with its checksum.
# Progress goes to standard error. Safe to run several times at once.
set -eu

version=1.22.0
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cache=${RANKGUARD_TOOLS_CACHE:-$here/.cache}/opa-$version
binary=$cache/opa
lock=$cache/lock
work=

say() { printf 'opa: %s\n' "$*" >&2; }
is_pinned() { [ -x "$1" ] && [ "$("$1" version 2>/dev/null | sed -n 's/^Version: //p')" = "$version" ]; }
finish() { printf '%s\n' "$1"; exit 0; }

clean_up() {
  if [ -n "$work" ]; then rm -rf "$work"; fi
  if [ "$(cat "$lock/pid" 2>/dev/null || true)" = "$$" ]; then rm -rf "$lock"; fi
}

# One obtains, the others wait. A lock whose owner has died is taken over.
take_lock() {
  waited=0
  until mkdir "$lock" 2>/dev/null; do
    owner=$(cat "$lock/pid" 2>/dev/null || true)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
      rm -rf "$lock"
      continue
    fi
    if [ "$waited" -eq 0 ]; then say "another process is obtaining opa $version; waiting"; fi
    waited=$((waited + 1))
    # A lock without an owner for ten seconds was left between mkdir and writing the pid.
    if [ -z "$owner" ] && [ "$waited" -ge 10 ]; then
      rm -rf "$lock"
      continue
    fi
    if [ "$waited" -ge 600 ]; then
      say "waited ten minutes for $lock; remove it if nothing is running"
      exit 1
    fi
    sleep 1
  done
  echo "$$" >"$lock/pid"
}

# The new binary appears under its name only when it is whole and has the right version.
adopt() {
  chmod 755 "$1"
  is_pinned "$1" || return 1
  mv -f "$1" "$binary"
}

from_go() {
  command -v go >/dev/null 2>&1 || return 1
  say "building opa $version with go install; this takes one to two minutes, once"
  GOBIN=$work GOFLAGS='' CGO_ENABLED=0 go install "github.com/open-policy-agent/opa@v$version" >&2 || return 1
  adopt "$work/opa"
}

fetch() { # URL FILE
  if command -v curl >/dev/null 2>&1; then
    curl -fsSL --retry 2 --connect-timeout 15 -o "$2" "$1" >&2
  elif command -v wget >/dev/null 2>&1; then
    wget -q -T 60 -O "$2" "$1" >&2
  else
    say 'neither curl nor wget is installed'
    return 1
  fi
}

sha256_of() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

from_release() {
  case $(uname -s) in
    Linux) system=linux ;;
    Darwin) system=darwin ;;
    *) say "there is no release for $(uname -s)"; return 1 ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) machine=amd64 ;;
    aarch64 | arm64) machine=arm64 ;;
    *) say "there is no release for $(uname -m)"; return 1 ;;
  esac
  # The plain darwin/amd64 file links cgo; every other platform has a static one.
  asset=opa_${system}_${machine}_static
  if [ "$system-$machine" = darwin-amd64 ]; then asset=opa_darwin_amd64; fi
  url=https://github.com/open-policy-agent/opa/releases/download/v$version/$asset
  say "downloading $url"
  fetch "$url" "$work/download" && fetch "$url.sha256" "$work/download.sha256" || return 1
  wanted=$(cut -d ' ' -f 1 "$work/download.sha256")
  if [ "$(sha256_of "$work/download")" != "$wanted" ]; then
    say "the checksum of $asset does not match the release's"
    return 1
  fi
  adopt "$work/download"
}

found=$(command -v opa 2>/dev/null || true)
if [ -n "$found" ] && is_pinned "$found"; then finish "$found"; fi
if is_pinned "$binary"; then finish "$binary"; fi

mkdir -p "$cache"
trap clean_up EXIT
trap 'exit 130' INT TERM
take_lock
if is_pinned "$binary"; then finish "$binary"; fi
work=$(mktemp -d "$cache/work.XXXXXX")
if from_go || from_release; then finish "$binary"; fi

say "could not obtain opa $version. Do one of these and run again:"
say "  - install Go 1.21 or later (https://go.dev/dl) and let it reach its module proxy"
say "  - put opa $version (https://github.com/open-policy-agent/opa/releases/tag/v$version) on PATH"
say "  - copy it to $binary"
exit 1
