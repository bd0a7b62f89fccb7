#!/usr/bin/env bash
# Puts the ONNX Runtime library into a folder: library.sh FOLDER
#
# It comes out of the npm package onnxruntime-node, which carries the CPU,
# WebGPU, CUDA and TensorRT parts for Linux on x64 and arm64. The file must have
# the digest recorded in library.sha256; npm checks the package's own.
set -euo pipefail
version=1.27.0
here=$(cd "$(dirname "$0")" && pwd)
target=${1:?usage: library.sh FOLDER}

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) member=package/bin/napi-v6/linux/x64/libonnxruntime.so.1 ;;
  Linux-aarch64) member=package/bin/napi-v6/linux/arm64/libonnxruntime.so.1 ;;
  *) echo "library.sh: no library recorded for $(uname -s) $(uname -m)" >&2; exit 1 ;;
esac
command -v npm >/dev/null || { echo "library.sh: npm is needed to get the library: apt-get install npm" >&2; exit 1; }

mkdir -p "$target"
if [ -f "$target/libonnxruntime.so.1" ] &&
   [ "$(sha256sum <"$target/libonnxruntime.so.1" | cut -d' ' -f1)" = "$(grep -F "$member" "$here/library.sha256" | cut -d' ' -f1)" ]; then
  touch "$target/libonnxruntime.so.1"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "getting ONNX Runtime $version from npm (100 MB, once)" >&2
(cd "$work" && npm pack --silent "onnxruntime-node@$version" >/dev/null)
tar -xzf "$work/onnxruntime-node-$version.tgz" -C "$work" "$member"
(cd "$work" && grep -F "$member" "$here/library.sha256" | sha256sum --check --quiet -)
touch "$work/$member" # newer than the recorded digest, for make
mv "$work/$member" "$target/libonnxruntime.so.1"
