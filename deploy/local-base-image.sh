#!/usr/bin/env bash
# Makes a stand-in for the official `node:24-slim` where no container registry can be reached: Debian bookworm, the
# Node binary of the npm registry, npm and the user `node`. Afterwards the Dockerfiles build here unchanged.
#
#   deploy/local-base-image.sh [image]      default: docker.io/library/node:24-slim
#
# Needs root, buildah, debootstrap and npm. What this machine needs in order to reach its package registry (address,
# certificates) goes into this local image and nowhere else: never push it.
#
#   NODE_MAJOR=24                                  which Node
#   NPM_MAJOR=11                                   which npm
#   DEBIAN_MIRROR=                                 where Debian comes from; empty: debootstrap's own choice
set -euo pipefail

image=${1:-docker.io/library/node:24-slim}
node_major=${NODE_MAJOR:-24}
npm_major=${NPM_MAJOR:-11}

case "$(uname -m)" in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) echo "no Node binary is known for $(uname -m)" >&2 && exit 1 ;;
esac
for tool in buildah debootstrap npm tar; do
  command -v "$tool" > /dev/null || { echo "$tool is missing: apt-get install buildah debootstrap, and Node with npm" >&2 && exit 1; }
done

work=$(mktemp -d)
container=
clean_up() {
  if [ -n "$container" ]; then buildah rm "$container" > /dev/null; fi
  rm -rf "$work"
}
trap clean_up EXIT

echo "1/3 Debian bookworm"
debootstrap --variant=minbase --include=ca-certificates bookworm "$work/root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} > "$work/debootstrap.log" 2>&1 ||
  { tail -n 20 "$work/debootstrap.log" >&2 && exit 1; }
rm -rf "$work/root"/var/cache/apt/*.bin "$work/root"/var/cache/apt/archives/*.deb "$work/root"/var/lib/apt/lists/*

echo "2/3 Node $node_major and npm $npm_major"
(cd "$work" && npm pack --silent "node-linux-$arch@$node_major" "npm@$npm_major" > packed.txt)
node_archive=$(grep '^node-linux-' "$work/packed.txt")
npm_archive=$(grep '^npm-' "$work/packed.txt")
mkdir -p "$work/node" "$work/root/usr/local/lib/node_modules/npm" "$work/root/usr/local/etc"
tar -xzf "$work/$node_archive" -C "$work/node" --strip-components=1 --no-same-owner
install -m 0755 "$work/node/bin/node" "$work/root/usr/local/bin/node"
tar -xzf "$work/$npm_archive" -C "$work/root/usr/local/lib/node_modules/npm" --strip-components=1 --no-same-owner
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/root/usr/local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$work/root/usr/local/bin/npx"
chmod 0755 "$work"/root/usr/local/lib/node_modules/npm/bin/np[mx]-cli.js
chroot "$work/root" groupadd --gid 1000 node
chroot "$work/root" useradd --uid 1000 --gid node --shell /bin/bash --create-home node

# Only the registry's address and public certificates are copied: no token, no password, no .npmrc.
echo "registry=$(cd / && npm config get registry 2> /dev/null | sed -E "s,//[^/@]*@,//,")" > "$work/root/usr/local/etc/npmrc"
environment=()
certificates=${NODE_EXTRA_CA_CERTS:-$(cd / && npm config get cafile 2> /dev/null)}
if [ -f "$certificates" ]; then
  install -m 0644 "$certificates" "$work/root/usr/local/share/extra-certificates.pem"
  environment+=(--env NODE_EXTRA_CA_CERTS=/usr/local/share/extra-certificates.pem)
fi

echo "3/3 $image"
tar -C "$work/root" -cf "$work/root.tar" .
container=$(buildah from --pull-never scratch)
buildah add --quiet "$container" "$work/root.tar" / > /dev/null
buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  "${environment[@]}" --cmd '["node"]' "$container"
buildah commit --quiet --format docker "$container" "$image" > /dev/null
buildah run --isolation chroot "$container" -- sh -c 'echo "node $(node --version), npm $(npm --version), $(id node)"'
