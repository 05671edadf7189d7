#!/bin/sh
# For a double click in Finder, which opens Terminal: in a checkout it runs that, and elsewhere what is installed.
cd -- "$(dirname -- "$0")" || exit
for program in ../../netpreflight netpreflight "$HOME/.local/bin/netpreflight"; do
    if command -v "$program" >/dev/null; then
        exec "$program" guided
    fi
done
echo 'netpreflight is not installed, and this file is not in a checkout of it.'
printf 'Press Enter to close this window. '
read -r _
