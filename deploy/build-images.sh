#!/usr/bin/env bash
# Builds the images millrace-api and millrace-worker, each tagged with the version of package.json and `latest`.
#
#   deploy/build-images.sh            both
#   deploy/build-images.sh api        one
#
# With Docker where its engine answers, otherwise with buildah (as root, without an engine). Where no registry can be
# reached, make the base image first: deploy/local-base-image.sh
#
#   NODE_IMAGE=docker.io/library/node:24-slim    the base image
#   BUILDER=docker|buildah                       not the first that is found
set -euo pipefail
cd "$(dirname "$0")/.."

node_image=${NODE_IMAGE:-docker.io/library/node:24-slim}
version=$(sed -nE 's/^  "version": "([^"]+)",?$/\1/p' package.json)
commit=$(git rev-parse --verify --quiet HEAD 2> /dev/null || echo unknown)

builder=${BUILDER:-}
if [ -z "$builder" ]; then
  if docker info > /dev/null 2>&1; then builder=docker; else builder=buildah; fi
fi
command -v "$builder" > /dev/null || { echo "neither a Docker engine nor buildah is here" >&2 && exit 1; }

build() {
  local name=$1
  local args=(
    --file "Dockerfile.$name"
    --build-arg "NODE_IMAGE=$node_image"
    --build-arg "VERSION=$version"
    --build-arg "COMMIT=$commit"
    --tag "millrace-$name:$version"
    --tag "millrace-$name:latest"
  )
  echo "== millrace-$name:$version with $builder"
  if [ "$builder" = docker ]; then
    docker build "${args[@]}" .
    return
  fi
  # Format docker, because the OCI format has no health check.
  args+=(--isolation chroot --format docker --layers)
  if buildah inspect --type image "$node_image" > /dev/null 2>&1; then args+=(--pull-never); fi
  buildah build "${args[@]}" .
}

if [ $# -eq 0 ]; then set -- api worker; fi
for name in "$@"; do build "$name"; done
