"""Runs a command on a terminal of its own: waits for texts and types answers, then prints what was seen.

Arguments: a JSON list of [text to wait for, what to type], and the command. Ends with the command's exit code.
"""

import fcntl, json, os, pty, select, struct, sys, termios, time

answers = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
seen, begun, deadline = b"", 0, time.monotonic() + 60
while time.monotonic() < deadline:
    if not select.select([terminal], [], [], 0.2)[0]:
        continue
    try:
        data = os.read(terminal, 65536)
    except OSError:
        break
    if not data:
        break
    seen += data
    while answers and answers[0][0].encode() in seen[begun:]:
        begun = len(seen)
        os.write(terminal, answers.pop(0)[1].encode())
else:
    os.kill(pid, 9)
sys.stdout.buffer.write(seen)
sys.stdout.flush()
status = os.waitpid(pid, 0)[1]
sys.exit(os.waitstatus_to_exitcode(status) if not os.WIFSIGNALED(status) else 128 + os.WTERMSIG(status))
