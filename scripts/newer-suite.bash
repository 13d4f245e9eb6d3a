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
