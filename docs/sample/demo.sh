#!/usr/bin/env bash
# One generation from end to end, offline, on a copy of the project beside this file; `autogen` has to be on PATH.
# Everything happens below a temporary folder: the sample, your configuration and your cache stay as they are.
set -euo pipefail

sample="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cp -R "$sample" "$work/invoices"
cd "$work/invoices"
unset "${!AUTOGEN_@}" # nor do they change what is shown
export AUTOGEN_HOME="$work/home" AUTOGEN_PROVIDER=scaffold

say() {
    printf '\n# %s\n' "$1"
}

run() {
    printf '$' && printf ' %q' "$@" && echo
    "$@"
}

say "Code that calls a function which does not exist:"
run grep -rn "split_tax(" src tests

say "What is known about it, and why:"
run autogen context invoices.money split_tax

say "The code, made offline by the scaffold provider, with the checks it passed:"
run autogen generate invoices.money split_tax --verbose

say "The same again comes from the cache. This time it is written:"
run autogen generate invoices.money split_tax --write --diff

say "A module that does not exist either:"
run autogen generate invoices.rates fetch_rate --write --diff

say "What all this took:"
run autogen usage --since 1d --by module --by provider
