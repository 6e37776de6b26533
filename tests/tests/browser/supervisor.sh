# Runs a program for as long as whoever started us lives, and leaves nothing of it behind.
# We lead a process group; all that the program starts is in it.
exec 3<&0
"$@" 3<&- &
program=$!
# The other end of this pipe is closed when whoever holds it ends, in whatever way.
{ cat <&3 >/dev/null; kill -TERM "$program"; sleep 2; kill -KILL 0; } &
wait "$program"
kill -KILL 0
