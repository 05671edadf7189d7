# shellcheck shell=sh
# For tests/run and packaging/build-windows, which have read locked.sh, and are in the checkout: installs what they need.

# install_packages FILE…: the Debian packages that these files name; only root can, where one is missing. A policy-rc.d
# keeps them from starting their services: this may be someone's laptop, and dnsmasq or chrony belong inside the labs only.
install_packages() (
    missing=
    for package in $(sed 's/#.*//' "$@"); do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
            installed*) ;;
            *) missing="$missing $package" ;;
        esac
    done
    [ "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "$0: as root, install:$missing" >&2
        return 2
    fi
    echo "$0: installing$missing …" >&2
    policy=/usr/sbin/policy-rc.d
    # A file with our name in it is left from a run that was killed.
    if [ ! -e "$policy" ] || grep -q netpreflight "$policy"; then
        trap 'rm -f -- "$policy"' EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM
        printf '%s\n' '#!/bin/sh' '# netpreflight: packages for its labs start no service' 'exit 101' >"$policy"
        chmod 755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    # The update may fail because of a source that is not needed here, as in ./netpreflight.
    quietly apt-get -q update || :
    # shellcheck disable=SC2086  # a list of words
    quietly apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends $missing
    # The services must not start at the next boot either.
    command -v systemctl >/dev/null || return 0
    for package in $missing; do
        dpkg-query -L "$package" | sed -n 's|.*/systemd/system/\([^/@]*\.service\)$|\1|p' | while read -r unit; do
            systemctl --quiet disable "$unit" >/dev/null 2>&1 || :
        done
    done
)

# Sets .venv up, and installs the dependency group "test" into it, as locked.
install_group() (
    ./netpreflight --version >&2
    exec 9<.
    flock 9 # the same lock as ./netpreflight takes
    cmp -s tests/requirements.lock .venv/tests.lock && return 0
    echo "$0: installing the test tools into .venv …" >&2
    cp tests/requirements.lock .venv/tests.new
    install_locked .venv/bin/python .venv/tests.new
    mv .venv/tests.new .venv/tests.lock
)
