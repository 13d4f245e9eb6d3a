"""What QEMU takes for going back, with its record and replay and its own gdbstub. It goes back by one snapshot, that of the
beginning, unless its user has stopped and made others."""

import pathlib
import re
import socket
import struct
import subprocess
import time

import kernels
import rsp

PATIENCE = 60  # seconds for one move; then it is given up
CLUSTER = 1 << 16
COUNT = re.compile(r"instruction count = (\d+)")


def empty_image(path, size=1 << 30):
    """An empty qcow2 image, version 2, for QEMU's snapshots: header, table of reference counts, counts, table of tables."""
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, 16, size, 0, 2, 3 * CLUSTER, CLUSTER, 1, 0, 0)
    counts = struct.pack(">4H", 1, 1, 1, 1)
    image = bytearray(4 * CLUSTER)
    image[:len(header)] = header
    image[CLUSTER:CLUSTER + 8] = struct.pack(">Q", 2 * CLUSTER)
    image[2 * CLUSTER:2 * CLUSTER + len(counts)] = counts
    path.write_bytes(image)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def seconds_of(move):
    """How long it takes, or how it failed, in words."""
    begin = time.perf_counter()
    try:
        said = move()
    except (rsp.Lost, OSError) as error:
        return str(error)
    took = time.perf_counter() - begin
    return f"{took:.3g} s" if said.startswith("T") else f"failed after {took:.3g} s: {said}"


class Qemu:
    """`words`: what the machine is. Files go into the folder."""

    def __init__(self, program, words, folder):
        self.words = [program, "-M", "virt", "-display", "none", "-nic", "none", "-monitor", "none", *map(str, words),
                      "-drive", f"file={folder}/empty.qcow2,if=none,id=rr"]
        self.log = folder / "qemu.rr"
        empty_image(folder / "empty.qcow2")

    def command(self, what):
        return [*self.words, "-icount", f"shift=auto,rr={what},rrfile={self.log},rrsnapshot=init"]

    def record(self, until=None, seconds=120):
        """Records until the machine is switched off, or until its console has said this. Seconds."""
        begin = time.perf_counter()
        with subprocess.Popen(self.command("record"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as process:
            try:
                said = b""
                while until and until not in said:
                    more = process.stdout.read1(1 << 16)
                    if not more:
                        raise kernels.Failed(f"QEMU's recording ended before {until.decode()!r}")
                    said += more
                took = time.perf_counter() - begin
                if until:
                    process.terminate()
                process.wait(seconds)
            except subprocess.TimeoutExpired as error:
                raise kernels.Failed(f"QEMU's recording took more than {seconds} s") from error
            finally:
                process.kill()
        return took if until else time.perf_counter() - begin


class Replay:
    """A replay that waits for its client; it ends with the `with` block. `words`: more of the command line."""

    def __init__(self, qemu, *words):
        port = free_port()
        self.process = subprocess.Popen([*qemu.command("replay"), *words, "-S", "-gdb", f"tcp:127.0.0.1:{port}"],
                                        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.client = self.connected(port)

    def connected(self, port):
        for _ in range(100):
            try:
                return rsp.Client(port, PATIENCE)
            except OSError:
                time.sleep(0.1)
        self.process.kill()
        raise rsp.Lost("QEMU does not listen for a debugger")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()
        self.process.kill()
        self.process.communicate()

    def run_for(self, seconds):
        """Forward so long, which is the only way to get to a place near the end that QEMU does not leave by itself."""
        self.client.send("c")
        time.sleep(seconds)
        self.client.interrupt()
        return self.client.answer()

    def position(self):
        found = COUNT.search(self.client.monitor("info replay"))
        return int(found[1]) if found else 0

    def back(self, packet):
        return seconds_of(lambda: self.client.move(packet))

    def back_to(self, stop_point):
        """bc with this one stop point, in words."""
        try:
            self.client.do("Z" + stop_point)
            took = self.back("bc")
            self.client.do("z" + stop_point)
        except (rsp.Lost, OSError) as error:
            return str(error)
        return took


def figures(program, words, folder, until, moves):
    """{name: what it took, in words}: of each move {name: stop point} back, or one step back if that is None. It says with
    `record` how long QEMU recorded, or why it cannot."""
    try:
        folder.mkdir()
        qemu = Qemu(program, words, pathlib.Path(folder))
        took = qemu.record(until)
    except (kernels.Failed, OSError) as error:
        return {"record": f"failed: {error}"}
    found = {"record": f"{took:.3g} s"}
    for name, stop_point in moves.items():
        found[name], at = one_move(qemu, took, stop_point)
        if at:
            found["place"] = f"{at:,}"
    return found


def one_move(qemu, took, stop_point):
    """(what it took, from where), of a replay that has gone as far as it goes without ending before its client comes."""
    failure = "failed: the replay ended too early"
    for share in (0.8, 0.4, 0.2, 0.1):
        try:
            with Replay(qemu) as replay:
                stopped = replay.run_for(share * took)
                at = replay.position() if stopped.startswith("T") else 0
                if at:
                    return replay.back_to(stop_point) if stop_point else replay.back("bs"), at
        except (rsp.Lost, OSError) as error:
            failure = f"failed: {error}"
    return failure, 0
