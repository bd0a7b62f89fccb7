#!/usr/bin/env bash
# Installs the object stores that the tests start: servers.sh FOLDER
#
# An S3 gateway on POSIX files, and what stands in for Google's and Azure's
# stores. They are programs of their own, so that none of their modules becomes
# one of ours. The first time takes two minutes on two cores, mostly compiling.
set -euo pipefail
target=${1:?usage: servers.sh FOLDER}
command -v npm >/dev/null || { echo "servers.sh: npm is needed to get Azurite: apt-get install npm" >&2; exit 1; }
mkdir -p "$target"
cd "$target"

export GOBIN=$PWD
echo "getting the object stores that tests start (compiles two programs, once)" >&2
go install -ldflags=-s github.com/versity/versitygw/cmd/versitygw@v1.8.0
go install -ldflags=-s github.com/fsouza/fake-gcs-server@v1.56.1
npm install --prefix azurite --no-save --no-audit --no-fund --no-update-notifier --omit=dev --ignore-scripts \
  --fetch-retries 1 --fetch-retry-mintimeout 2000 --silent azurite@3.36.0 >/dev/null
touch installed # for make
