#!/usr/bin/env bash
# Prints NOTICE: what the program is linked with, and under which licence.
# `make lint` compares it with the file; `docs/notice.sh > NOTICE` renews it.
set -euo pipefail
cd "$(dirname "$0")/.."

licence() { # folder
  local file
  file=$(find "$1" -maxdepth 1 -type f \( -iname 'licen[sc]e*' -o -iname 'unlicense*' -o -iname 'copying*' \) | sort | head -n 1)
  case "$(tr -s ' \n\t' ' ' <"${file:-/dev/null}")" in
    *'Apache License'*) echo Apache-2.0 ;;
    *'Permission is hereby granted, free of charge'*) echo MIT ;;
    *'Permission to use, copy, modify, and'*) echo ISC ;;
    *'Neither the name'*) echo BSD-3-Clause ;;
    *'Redistribution and use'*) echo BSD-2-Clause ;;
    *'released into the public domain'*) echo Unlicense ;;
    *) echo "UNKNOWN"; return ;;
  esac
}

cat <<'END'
sdl-batch is under the MIT licence (LICENSE). It is linked with the Go modules
below. Beside it ships the ONNX Runtime library (MIT, Microsoft Corporation).
model/onnxgraph/onnxpb/onnx.proto is part of ONNX (Apache-2.0, ONNX Project
Contributors). The method is that of "Semantic Diversity Learning for Zero-Shot
Multi-label Classification" (Ben-Cohen et al., ICCV 2021); the values in
model/golden were computed by running its authors' code (MIT).

END
go list -deps -f '{{with .Module}}{{.Path}}	{{.Dir}}{{end}}' ./cmd/sdl-batch | sort -u |
  grep -v '^github.com/sdl-batch/' | while IFS=$'\t' read -r path folder; do
  printf '%-64s %s\n' "$path" "$(licence "$folder")"
done
