#!/usr/bin/env bash
# Generates Go code and the OpenAPI file from the .proto files. Needs nothing but Go:
# compiler and plugins are pinned in tools/go.mod, third-party .proto files come
# from the module cache. Usage: scripts/proto-gen.sh [output folder]
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-.}

dir() { go list -m -f '{{.Dir}}' "$1"; }

bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
(cd tools && go build -o "$bin/" ./protogen \
  github.com/cosmos/gogoproto/protoc-gen-gocosmos \
  github.com/grpc-ecosystem/grpc-gateway/protoc-gen-grpc-gateway \
  github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv2)

sdk=$(dir github.com/cosmos/cosmos-sdk)
"$bin/protogen" -root proto -out "$out" -trim github.com/proofmarket/proofmarket/ \
  -I "$sdk/proto" \
  -I "$(dir github.com/cosmos/gogoproto)" \
  -I "$(dir github.com/cosmos/cosmos-proto)/proto" \
  -I "$(dir github.com/grpc-ecosystem/grpc-gateway)/third_party/googleapis" \
  -plugin "$bin/protoc-gen-gocosmos=plugins=grpc,Mgoogle/protobuf/any.proto=github.com/cosmos/gogoproto/types/any" \
  -plugin "$bin/protoc-gen-grpc-gateway=logtostderr=true,allow_colon_final_segments=true" \
  -merged-plugin "$bin/protoc-gen-openapiv2=allow_merge=true,merge_file_name=app/openapi/openapi,json_names_for_fields=false,simple_operation_ids=true,openapi_naming_strategy=fqn"

# The Pico proving service is no part of the chain: its interface stays out of the
# chain's registry and of the OpenAPI file.
"$bin/protogen" -root prover/backend/pico/proto -out "$out" -trim github.com/proofmarket/proofmarket/ \
  -plugin "$bin/protoc-gen-gocosmos=plugins=grpc"
