# shellcheck shell=bash
# To be sourced. A private view of one suite of the distribution's archive, for packages that this system's own suites
# lack: nothing is enabled or installed, and apt checks the signatures as ever.

# see_newer_suite SCRATCH SUITE [ARCHITECTURE] fetches the suite's lists into SCRATCH and sets the array newer_suite to
# the options with which apt-get and apt-cache see that suite and nothing else. If that cannot be, it returns 1 and
# newer_suite_error says why.
see_newer_suite() {
    local scratch=$1 suite=$2 architecture=${3:-} uri component keyring ID=unknown
    # shellcheck disable=SC1091
    . /etc/os-release
    read -r uri component keyring < <(archive_with_suite "$suite") || {
        newer_suite_error="apt's sources name no archive to take it from"
        return 1
    }
    [ -f "$keyring" ] || keyring=/usr/share/keyrings/$ID-archive-keyring.gpg
    mkdir -p "$scratch"/{lists/partial,cache/archives/partial}
    chmod 755 "$scratch"
    printf 'deb [signed-by=%s] %s %s %s\n' "$keyring" "$uri" "$suite" "$component" >"$scratch/sources.list"
    newer_suite=(-q -o Dir::Etc::SourceList="$scratch/sources.list" -o Dir::Etc::SourceParts=/dev/null
                 -o Dir::State::Lists="$scratch/lists" -o Dir::Cache="$scratch/cache" -o APT::Sandbox::User="$(id -un)"
                 -o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false)
    [ -z "$architecture" ] ||
        newer_suite+=(-o APT::Architecture="$architecture" -o APT::Architectures::="$architecture")
    apt-get "${newer_suite[@]}" -o APT::Update::Error-Mode=any update >&2 || {
        newer_suite_error="the package list of $suite could not be fetched from $uri"
        return 1
    }
}

# Prints "URI component keyring" of an archive with the suite: the one that apt's sources take the suite from, or else
# the one that this machine takes its own release from.
archive_with_suite() {
    local ID=unknown VERSION_CODENAME=unknown component=main
    # shellcheck disable=SC1091
    . /etc/os-release
    [ "$ID" = debian ] || component=universe
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI) $(SIGNED_BY)' 'Created-By: Packages' |
        awk -v release="$VERSION_CODENAME" -v suite="$1" -v component="$component" '
            $1 == suite && ($2 == "main" || $2 == component) && !enabled { enabled = $3 " " $2 " " $4 }
            $1 == release && $2 == component && !own { own = $3 " " $2 " " $4 }
            END { if (!enabled) enabled = own; if (enabled) print enabled; else exit 1 }'
}

# unpack_with_libraries SCRATCH TREE PACKAGE... unpacks packages of the suite that see_newer_suite SCRATCH has set up into
# the folder TREE, with all that they need, the C library too: it runs on any release, through the wrappers of
# wrap_program, and finds no library of the system's.
unpack_with_libraries() {
    local scratch=$1 tree=$2 deb
    shift 2
    : >"$scratch/status"  # as if nothing were installed
    rm -f "$scratch"/cache/archives/*.deb
    apt-get "${newer_suite[@]}" -o Dir::State="$scratch" -o Dir::State::status="$scratch/status" \
        -o Dir::State::Lists="$scratch/lists" -o Debug::NoLocking=true \
        install -y --no-install-recommends --download-only "$@" >&2 || return
    mkdir -p "$tree"
    for deb in "$scratch"/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$deb" |
            tar -x -C "$tree" --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale' \
                --exclude='./etc' --exclude='./var' || return
    done
}

# Prints the folder below usr/lib with the libraries of this computer's architecture.
library_folder() {
    case $(dpkg --print-architecture) in
        amd64) echo x86_64-linux-gnu ;;
        arm64) echo aarch64-linux-gnu ;;
        *) return 1 ;;
    esac
}

# wrap_program WRAPPER PROGRAM [NAME=VALUE...] [-- ARGUMENT...] writes a script that starts usr/bin/PROGRAM of the folder
# `tree` beside the script, with that tree's libraries. $tree and $library stand for folders in values and arguments.
wrap_program() {
    local wrapper=$1 program=$2 library environment='' arguments=''
    shift 2
    library=usr/lib/$(library_folder) || return
    for (( ; $# > 0; )); do
        if [ "$1" = -- ]; then shift; break; fi
        environment+="${1%%=*}=\"${1#*=}\" "
        shift
    done
    (($# == 0)) || arguments=$(printf ' "%s"' "$@")
    cat >"$wrapper" <<EOF
#!/bin/sh
# $program with the libraries of its own release.
tree=\$(dirname "\$(readlink -f "\$0")")/tree
library=\$tree/$library
${environment}exec "\$library"/ld-linux-*.so.* --library-path "\$library" "\$tree/usr/bin/$program"$arguments "\$@"
EOF
    chmod +x "$wrapper"
}
