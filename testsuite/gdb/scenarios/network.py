"""Network cards: recorded with a network, replayed without; going back sends nothing twice."""

import socket
import struct
import threading

from harness import check, equal, lacks, scenario, shows

HISTORY_ENDS = r"No more reverse-execution history|Reached end of recorded history"
ANSWERS = r"card 52:54:00:12:34:56\n10\.0\.2\.2 is at [0-9a-f:]{17}\noffered 10\.0\.2\.15\n"


class Peer:
    """The other end of the cable: answers an ARP request and a DHCP request, and keeps the frames that came."""

    MAC = bytes.fromhex("525500000001")

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.frames = []
        self.ended = threading.Thread(target=self.serve, daemon=True)
        self.ended.start()

    def serve(self):
        wire = self.listener.accept()[0]
        stream = wire.makefile("rb")
        while len(head := stream.read(4)) == 4:
            frame = stream.read(struct.unpack(">I", head)[0])
            self.frames.append(frame)
            answer = self.arp(frame) if frame[12:14] == b"\x08\x06" else self.dhcp(frame)
            framed = struct.pack(">I", len(answer)) + answer
            for part in (framed[:3], framed[3:30], framed[30:]):  # a stream may be cut anywhere
                wire.sendall(part)

    def arp(self, frame):
        return frame[6:12] + self.MAC + frame[12:21] + b"\x02" + self.MAC + frame[38:42] + frame[22:32] + bytes(18)

    def dhcp(self, frame):
        answer = bytearray(frame)
        answer[0:12] = frame[6:12] + self.MAC
        answer[42] = 2
        answer[58:62] = bytes([10, 0, 2, 15])
        return bytes(answer)


@scenario
def a_user_network_is_recorded(bench):
    path = bench.directory / "net.bsp"
    code, recorded, _ = bench.run("record", "-o", path, "--net", "user,restrict=on", bench.elf("netcard"))
    equal(code, 0, "exit code of the recorded run")
    shows(recorded.replace("\r", ""), ANSWERS)
    code, replayed, said = bench.run("replay", path)
    equal((code, replayed), (0, recorded), "exit code and console of the replay")
    shows(said, r"digests are equal")


def frames_of(capture):
    """The frames of a pcap file with nanoseconds, as tcpdump would read them."""
    magic, *_, link = struct.unpack_from("<IHHiIII", capture)
    equal((magic, link), (0xA1B23C4D, 1), "magic and link type")
    frames, at = [], 24
    while at < len(capture):
        _, _, kept, length = struct.unpack_from("<IIII", capture, at)
        equal(kept, length, "bytes kept of a frame")
        frames.append(capture[at + 16:at + 16 + kept])
        at += 16 + kept
    return frames


@scenario
def frames_both_ways_are_exported(bench):
    peer = Peer()
    recording, capture = bench.directory / "cable.bsp", bench.directory / "cable.pcap"
    code, _, said = bench.run("record", "-o", recording, "--net", f"socket,connect={peer.port}", bench.elf("netcard"))
    equal(code, 0, f"exit code of the recorded run ({said})")
    peer.ended.join(60)
    code, _, said = bench.run("export", "pcap", recording, "-o", capture)
    equal(code, 0, f"exit code of the export ({said})")
    frames = frames_of(capture.read_bytes())
    equal(sorted(frames), sorted([*peer.frames, peer.arp(peer.frames[0]), peer.dhcp(peer.frames[1])]), "frames")
    check(frames.index(peer.frames[0]) < frames.index(peer.arp(peer.frames[0])), "the answer stands before its request")


@scenario
def a_replay_needs_no_peer_and_sends_nothing(bench):
    peer = Peer()
    path = bench.directory / "cable.bsp"
    code, recorded, _ = bench.run("record", "-o", path, "--net", f"socket,connect={peer.port}", bench.elf("netcard"))
    equal(code, 0, "exit code of the recorded run")
    shows(recorded.replace("\r", ""), ANSWERS)
    peer.ended.join(60)
    peer.listener.close()
    equal(len(peer.frames), 2, "frames that went out")
    code, replayed, said = bench.run("replay", path)
    equal((code, replayed), (0, recorded), "exit code and console of the replay")
    shows(said, r"digests are equal")


@scenario
def going_back_over_frames_sends_none_again(bench):
    peer = Peer()
    gdb = bench.session("netcard", "--net", f"socket,connect={peer.port}")
    shows(gdb("continue"), HISTORY_ENDS)
    end, state = gdb.position(), gdb.state()
    gdb("break ask_for_an_address")
    shows(gdb("reverse-continue"), r"^Breakpoint 1, ask_for_an_address")
    gdb("delete")
    middle = gdb.position()
    check(0 < middle < end, f"the request was made at {middle} of {end}")
    shows(gdb("reverse-continue"), HISTORY_ENDS)
    shows(gdb("continue"), HISTORY_ENDS)
    equal((gdb.position(), gdb.state()), (end, state), "the end, once more")
    equal([frame[12:14] for frame in peer.frames], [b"\x08\x06", b"\x08\x00"], "what went out")


@scenario
def with_nothing_behind_the_card_there_is_no_answer(bench):
    code, out, _ = bench.run("run", "--net", "none", bench.elf("netcard"))
    equal(code, 1, "exit code")
    shows(out, r"no answer")
    code, out, _ = bench.run("run", "--net", "none,mac=02:00:00:00:00:07", bench.elf("netcard"))
    shows(out, r"card 02:00:00:00:00:07")


@scenario
def what_cannot_be_connected_is_said_in_one_line(bench):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for code, pattern, option in (
            (125, f"port {port} of 127.0.0.1 cannot be forwarded", f"user,hostfwd=tcp:127.0.0.1:{port}-:22"),
            (125, f"127.0.0.1:{port}: is in use", f"socket,listen={port}"),
            (125, "cannot connect to ", "socket,connect=unix:/nowhere/at/all"),
            (122, "--net: 'tap'", "tap"),
        ):
            got, out, said = bench.run("run", "--net", option, bench.elf("netcard"))
            equal((got, out), (code, ""), f"exit code and console with {option}")
            shows(said, pattern)
            equal(len(said.splitlines()), 1, f"lines on stderr: {said}")
            lacks(said, r"terminate|what\(\)")
