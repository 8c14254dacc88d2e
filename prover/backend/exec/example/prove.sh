#!/bin/sh
# An exec backend around a prover that is a command line program with three commands:
#
#   check IMAGE                               exit status 0 if it can prove the image
#   run IMAGE INPUT PUBLIC_VALUES             print the cost, write the public values
#   prove IMAGE INPUT PROOF PUBLIC_VALUES     write proof and public values
#
# Its name and first arguments are the arguments of this script:
#
#   [backends.exec]
#   command = "/opt/proverd/prove.sh"
#   args = ["/usr/local/bin/my-prover", "--gpu", "0"]
#
# Needs jq. What the prover prints goes to standard error, for the sidecar's log.
set -eu
job=$(cat)
field() { printf '%s' "$job" | jq -r --arg name "$1" '.[$name] // empty'; }
answer() { jq -cn "$@"; }
refuse() {
	answer --arg code "$1" --arg message "$2" '{version: 1, error: {code: $code, message: $message}}'
	exit 0
}

case $(field kind) in
register)
	"$@" check "$(field image)" >&2 || refuse image "the prover does not take the image"
	answer '{version: 1}'
	;;
estimate)
	cost=$("$@" run "$(field image)" "$(field input)" "$(field public_values)") || refuse unsatisfied "the program does not run on the input"
	answer --argjson cost "$cost" '{version: 1, cost: $cost}'
	;;
prove)
	"$@" prove "$(field image)" "$(field input)" "$(field output)" "$(field public_values)" >&2 || refuse failed "the prover failed"
	answer '{version: 1}'
	;;
*)
	refuse failed "this script does not know such jobs"
	;;
esac
