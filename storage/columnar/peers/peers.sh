#!/usr/bin/env bash
# Puts other programs' readers of Arrow files into a folder: peers.sh FOLDER
#
# Polars (in Rust) and Apache Arrow's own in JavaScript, with a decoder of zstd,
# come out of npm packages. Each package must have the digest recorded in
# peers.sha256. Only tests use them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=${1:?usage: peers.sh FOLDER}

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) platform=linux-x64-gnu ;;
  Linux-aarch64) platform=linux-arm64-gnu ;;
  *) echo "peers.sh: no readers recorded for $(uname -s) $(uname -m)" >&2; exit 1 ;;
esac
command -v npm >/dev/null || { echo "peers.sh: npm is needed to get the readers: apt-get install npm" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "getting Polars and Apache Arrow for JavaScript from npm (40 MB, once)" >&2
for package in nodejs-polars@0.25.2 "nodejs-polars-$platform@0.25.2" \
  apache-arrow@21.2.0 flatbuffers@25.9.23 tslib@2.9.1 json-with-bigint@3.5.12 fzstd@0.1.1; do
  file=${package/@/-}.tgz
  (cd "$work" && npm pack --silent "$package" >/dev/null && grep -F "  $file" "$here/peers.sha256" | sha256sum --check --quiet -)
  mkdir -p "$work/node_modules/${package%@*}"
  tar -xzf "$work/$file" -C "$work/node_modules/${package%@*}" --strip-components=1
done
rm -rf "$target"
mkdir -p "$(dirname "$target")"
mkdir "$target"
mv "$work/node_modules" "$target/"
touch "$target/installed"
