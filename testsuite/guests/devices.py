"""Debian on a disk, with every device that the machine can have, used by the kernel's own drivers.

Each scenario gets a Bench with .start(wanted), .recording and .check_recording().
"""

import contextlib
import hashlib
import http.server
import pathlib
import shutil
import socket
import struct
import threading
import time
import urllib.request
import wave

from boots import sums_of
from harness import Reader, check, equal, scenario, shows
from machines import PATIENCE, Devices, Shell, fetched, linux_with

PAGE = "".join(f"line {number} of the page\n" for number in range(5000)).encode()
WEB_PORT = 80  # in the guest
RATE, CHANNELS = 48000, 2
PLAYED_FRAMES, CAPTURED_FRAMES = 6000, 5000


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def sum_of(shell, what):
    """The SHA-256 of what a command of the guest prints."""
    return shell(f"{what} | sha256sum").split()[0]


# ---- what is outside


def copy_of_the_disk(bench):
    """A disk of the scenario's own: to show that it is not written, and to take it away before a replay."""
    return shutil.copyfile(fetched("disk.ext4"), bench.directory / "disk.ext4")


@contextlib.contextmanager
def web_server():
    """Serves the page on the host's loopback; the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def samples(frames, seed):
    """Frames of 16 bits that never repeat for long."""
    value, values = seed, []
    for _ in range(frames * CHANNELS):
        value = (value * 1103515245 + 12345) % (1 << 31)
        values.append((value >> 15) - (1 << 15))
    return struct.pack(f"<{len(values)}h", *values)


def write_wav(path, content):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(CHANNELS)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(content)


def read_wav(path):
    with wave.open(str(path), "rb") as file:
        equal((file.getnchannels(), file.getsampwidth(), file.getframerate()), (CHANNELS, 2, RATE), "the WAV file's format")
        return file.readframes(file.getnframes())


# ---- what the guest does with each device


def use_disk(shell):
    shows(shell("mount"), r"^/dev/vda on / type ext4 \(rw,")
    shell("mkdir -p deep/er && seq 1 60000 >deep/er/numbers && cp deep/er/numbers copy && sync && rm deep/er/numbers")
    # Written back and forgotten: what is read now comes from the disk.
    equal(shell("mount -o remount,ro / && mount -o remount,rw / && echo 3 >/proc/sys/vm/drop_caches"), "", "a remount's words")
    equal(sum_of(shell, "cat copy"), sums_of([60000])[0], "the file that was written, read again")
    equal(shell("ls deep/er"), "", "the folder whose file was removed")
    program = pathlib.Path(fetched("busybox")).read_bytes()
    equal(sum_of(shell, "gzip -c /bin/busybox | gunzip"), sha256(program), "busybox, packed and unpacked")
    # A program with its libraries and modules from the disk.
    said = shell("perl -MList::Util=sum -e 'print sum(map { $_ * $_ } 1 .. 20000), qq(\\n)'")
    equal(said.strip(), str(sum(number * number for number in range(1, 20001))), "Perl's sum")
    equal(shell("dmesg | grep -iE 'EXT4-fs (error|warning)|I/O error'"), "", "complaints of the kernel")


def use_network(shell, server_port, forwarded_port):
    said = shell("ip link set lo up; ip link set eth0 up; udhcpc -n -q -i eth0 -s /usr/share/udhcpc/default.script 2>&1")
    shows(said, r"lease of 10\.0\.2\.15 obtained from 10\.0\.2\.2")
    equal(sum_of(shell, f"wget -q -O - http://10.0.2.2:{server_port}/"), sha256(PAGE), "the page from the host")
    shell("mkdir www; seq 1 5000 >www/numbers; httpd -h www")
    with urllib.request.urlopen(f"http://127.0.0.1:{forwarded_port}/numbers", timeout=PATIENCE) as answer:
        equal(sha256(answer.read()), sums_of([5000])[0], "the page from the guest")


def use_entropy(shell):
    shows(shell("cat /sys/class/misc/hw_random/rng_current"), r"^virtio_rng\.0$")
    taken = [shell("dd if=/dev/hwrng bs=32 count=1 2>/dev/null | hexdump -v -e '1/1 \"%02x\"'; echo") for _ in range(2)]
    check(all(len(bytes.fromhex(text)) == 32 for text in taken) and taken[0] != taken[1], f"32 bytes, twice: {taken}")


def use_clock(shell):
    before = int(time.time()) - 1  # QEMU's clock starts at a whole second
    read = int(shell("cat /sys/class/rtc/rtc0/since_epoch"))
    check(before <= read <= time.time(), f"the clock reads {read}, and it was {before}")
    shows(shell("TZ=UTC hwclock -u -r"), time.strftime(r"^\w{3} \w{3} .* %Y", time.gmtime(read)))


def play_and_capture(shell, to_be_captured):
    shows(shell("cat /proc/asound/pcm"), r"^00-00: .*: playback 1 : capture 1$")
    shell("perl -e '$v = 7; for (1 .. " + str(PLAYED_FRAMES * CHANNELS) + ") "
          "{ $v = ($v * 1103515245 + 12345) % (1 << 31); print pack q(s<), ($v >> 15) - (1 << 15) }' >/tmp/tune")
    equal(sum_of(shell, "cat /tmp/tune"), sha256(samples(PLAYED_FRAMES, 7)), "what is to be played")
    equal(shell(f"sound play {RATE} {CHANNELS} </tmp/tune; echo $?"), "0\n", "playing")
    equal(shell(f"sound capture {RATE} {CHANNELS} {CAPTURED_FRAMES} >/tmp/heard; echo $?"), "0\n", "capturing")
    equal(sum_of(shell, "cat /tmp/heard"), sha256(to_be_captured[:CAPTURED_FRAMES * CHANNELS * 2]), "what was captured")


def check_played(path):
    heard, tune = read_wav(path), samples(PLAYED_FRAMES, 7)
    check(heard.startswith(tune), f"what was played is not what is in the file, of {len(heard)} bytes")
    check(not any(heard[len(tune):]), "behind it there is silence")


def use_second_console(bench, shell, path):
    connection = socket.socket(socket.AF_UNIX)
    with connection:
        connection.connect(str(path))
        reader = Reader(connection.fileno())
        # While somebody has it open: afterwards it is set up as ever again.
        with shell.running("(stty raw -echo; echo the guest says; head -n 1 >/tmp/heard.hvc0; "
                           "tr a-z A-Z </tmp/heard.hvc0) <>/dev/hvc0 >&0"):
            reader.until(r"the guest says\n", PATIENCE)
            connection.sendall(b"and the host answers\n")
            reader.until(r"AND THE HOST ANSWERS\n", PATIENCE)
        equal(shell("cat /tmp/heard.hvc0"), "and the host answers\n", "what the guest read")


KEYS_SCRIPT = """\
after "the key, please" key a
after "the pointer, please" move 100 32767
after "the button, please" button left down
"""
SYN, KEY, ABS = 0, 1, 3  # types of events, and codes of some, from Linux's input-event-codes.h
KEY_A, BUTTON_LEFT, X, Y = 30, 0x110, 0, 1


def use_keys(shell):
    """What the kernel makes of the script's keys and moves."""
    shell("decode() { perl -e 'while (read STDIN, $e, 24) { print join(q( ), (unpack q(qqSSl), $e)[2 .. 4]), qq(\\n) }'; }")

    def events(device, question, expected):
        """Asks when the device is open already; the quotes keep the question out of the command's echo."""
        found = shell(f"cd /sys/class/input; grep -il {device} event*/device/name; cd").split("/")[0]
        said = shell(f"exec 3</dev/input/{found}; echo 'the' {question}, please; "
                     f"dd bs=24 count={len(expected)} <&3 2>/dev/null | decode; exec 3<&-")
        got = [tuple(map(int, line.split())) for line in said.splitlines()[1:]]
        equal(got, expected, f"events of the {device}")

    end = (SYN, 0, 0)
    events("keyboard", "key", [(KEY, KEY_A, 1), end, (KEY, KEY_A, 0), end])
    events("pointer", "pointer", [(ABS, X, 100), (ABS, Y, 32767), end])
    events("pointer", "button", [(KEY, BUTTON_LEFT, 1), end])


# ---- the scenarios


def backspin_alone(function):
    """QEMU has no such device on this board, or is told otherwise what happens outside."""
    function.backspin_alone = True
    return function


def boot(bench, devices, harts=1):
    console = bench.start(linux_with(devices, harts))
    return console, Shell(console)


@scenario
def debian_on_a_disk(bench):
    disk = copy_of_the_disk(bench)
    console, shell = boot(bench, Devices(drive=disk))
    use_disk(shell)
    shell.power_off()
    equal(disk.read_bytes(), pathlib.Path(fetched("disk.ext4")).read_bytes(), "the image behind the drive")
    bench.check_recording(console)


@scenario
def debian_on_the_network(bench):
    port = free_port()
    console, shell = boot(bench, Devices(drive=copy_of_the_disk(bench), forwards={WEB_PORT: port}))
    with web_server() as server_port:
        use_network(shell, server_port, port)
    shell.power_off()
    bench.check_recording(console)


@scenario
def debian_with_entropy_clock_and_second_console(bench):
    path = bench.directory / "hvc0"
    console, shell = boot(bench, Devices(drive=copy_of_the_disk(bench), entropy=True, clock=True, socket=path))
    use_entropy(shell)
    use_clock(shell)
    use_second_console(bench, shell, path)
    shell.power_off()
    bench.check_recording(console)


@scenario
@backspin_alone
def debian_with_sound(bench):
    played, captured = bench.directory / "played.wav", bench.directory / "captured.wav"
    to_be_captured = samples(2 * CAPTURED_FRAMES, 1)
    write_wav(captured, to_be_captured)
    console, shell = boot(bench, Devices(drive=copy_of_the_disk(bench), played=played, captured=captured))
    play_and_capture(shell, to_be_captured)
    shell.power_off()
    check_played(played)
    bench.check_recording(console)


@scenario
@backspin_alone
def debian_with_keyboard_and_pointer(bench):
    script = bench.directory / "keys"
    script.write_text(KEYS_SCRIPT)
    console, shell = boot(bench, Devices(drive=copy_of_the_disk(bench), script=script))
    use_keys(shell)
    shell.power_off()
    bench.check_recording(console)


def all_devices(bench, harts):
    """Everything at once, and the replay where nothing of it is."""
    file = {name: bench.directory / name for name in ("hvc0", "played.wav", "captured.wav", "keys")}
    file["keys"].write_text(KEYS_SCRIPT)
    to_be_captured = samples(2 * CAPTURED_FRAMES, 1)
    write_wav(file["captured.wav"], to_be_captured)
    port = free_port()
    console, shell = boot(bench, Devices(drive=copy_of_the_disk(bench), forwards={WEB_PORT: port}, socket=file["hvc0"],
                                         entropy=True, played=file["played.wav"], captured=file["captured.wav"],
                                         script=file["keys"], clock=True), harts)
    equal(shell("cat /sys/devices/system/cpu/online").strip(), "0" if harts == 1 else f"0-{harts - 1}", "harts online")
    use_disk(shell)
    with web_server() as server_port:
        use_network(shell, server_port, port)
    use_entropy(shell)
    use_clock(shell)
    use_second_console(bench, shell, file["hvc0"])
    play_and_capture(shell, to_be_captured)
    use_keys(shell)
    shell.power_off()
    check_played(file["played.wav"])
    bench.check_recording_elsewhere(console)


@scenario
@backspin_alone
def debian_with_all_devices_on_one_hart(bench):
    all_devices(bench, 1)


@scenario
@backspin_alone
def debian_with_all_devices_on_four_harts(bench):
    all_devices(bench, 4)
