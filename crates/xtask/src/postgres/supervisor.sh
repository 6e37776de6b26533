# Keeps a PostgreSQL server for as long as whoever started us lives, and leaves nothing behind.
# Arguments: the folder of PostgreSQL's programs, our own folder, settings, access rules.
trap '' HUP INT PIPE TERM
programs=$1 folder=$2
cd "$folder" || exit 1

up() {
    "$programs/initdb" --pgdata=data --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync &&
        printf '%s\n' "$3" >>data/postgresql.conf &&
        { [ -z "$4" ] || printf '%s\n' "$4" >data/pg_hba.conf; } &&
        "$programs/pg_ctl" --pgdata=data --log=server.log --wait --timeout=60 start
}

if up "$@" >start.log 2>&1; then
    echo ready
    # The other end of this pipe is closed when whoever holds it ends, in whatever way.
    cat >/dev/null
else
    cat start.log
    [ ! -f server.log ] || cat server.log
fi
"$programs/pg_ctl" --pgdata=data --mode=immediate --wait stop >/dev/null 2>&1
cd / && rm -rf "$folder"
