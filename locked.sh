# shellcheck shell=sh
# For ./netpreflight and tests/run: installs the packages of a lock file, and nothing else.

# Runs a command, and shows what it printed only if it failed.
quietly() {
    output=$("$@" 2>&1 </dev/null) || {
        status=$?
        [ -z "$output" ] || printf '%s\n' "$output" >&2
        return "$status"
    }
}

# The certificate authorities that this system trusts: without this, an old pip trusts a list of its own only.
find_authorities() {
    for file in "${REQUESTS_CA_BUNDLE-}" "${SSL_CERT_FILE-}" /etc/ssl/certs/ca-certificates.crt \
        /etc/pki/tls/certs/ca-bundle.crt; do
        [ -f "$file" ] && printf '%s\n' "$file" && return
    done
    return 0
}

# install_locked PYTHON LOCK_FILE [COMMAND…]: pip takes nothing from its environment variables and configuration files;
# NETPREFLIGHT_INDEX alone names a mirror. With a command, that runs pip, as another user.
install_locked() {
    python_of_venv=$1 lock_file=$2
    shift 2
    authorities=$(find_authorities)
    quietly "$@" env PIP_CONFIG_FILE=/dev/null "$python_of_venv" -I -m pip --isolated --disable-pip-version-check \
        --no-input ${authorities:+--cert "$authorities"} \
        install --quiet --require-hashes --only-binary :all: \
        ${NETPREFLIGHT_INDEX:+--index-url "$NETPREFLIGHT_INDEX"} --requirement "$lock_file"
}
