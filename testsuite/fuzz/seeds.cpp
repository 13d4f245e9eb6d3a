// Writes the seeds that the fuzz targets start from: fuzz_seeds FOLDER. They are committed in
// testsuite/fuzz/corpus; run this again when a format has changed.
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>

#include "base/state.hpp"
#include "emu/devices/virtio/sound_format.hpp"
#include "snapshots/recording.hpp"
#include "snapshots/recording_events.hpp"
#include "testsuite/fuzz/board.hpp"
#include "testsuite/fuzz/fuzz.hpp"
#include "testsuite/fuzz/rows_commands.hpp"
#include "testsuite/fuzz/small_recording.hpp"
#include "testsuite/fuzz/virtio_commands.hpp"

namespace backspin::fuzz {
namespace {

std::filesystem::path folder;

void write(const std::string& target, const std::string& name, const std::string& content) {
    std::filesystem::create_directories(folder / target);
    std::ofstream(folder / target / name, std::ios::binary) << content;
}

template <class T>
std::string little(T value) {
    return std::string(text_of(std::as_bytes(std::span(&value, 1))));
}

// ---- events -------------------------------------------------------------------------------------

void write_events() {
    const std::initializer_list<std::pair<const char*, Input>> inputs{
        {"device_input", DeviceInput{Channel{17}, std::vector<std::byte>(8)}},
        {"idle_warp", IdleWarp{VirtualTime{1000}}},
        {"memory_write", MemoryWrite{HartId{1}, VirtualAddress{0x8000'0000}, std::vector<std::byte>(4)}},
        {"register_write", RegisterWrite{HartId{0}, RegisterId{32}, 0x8000'0000}},
    };
    for (const auto& [name, input] : inputs) {
        const auto encoded = snapshots::encode(input);
        write("events", name,
              little(static_cast<std::uint64_t>(encoded.kind)) + std::string(text_of(encoded.payload)));
    }
}

// ---- state --------------------------------------------------------------------------------------

void write_states() {
    SmallMachine machine(every_device());
    SavedState state;
    machine.board.save(state);
    std::uint32_t begin = 0;
    for (std::size_t i = 0; i < state.ends.size(); ++i) {
        const auto bytes = std::span(state.fields).subspan(begin, state.ends[i] - begin);
        write("state", std::string(machine.board.component_names()[i]),
              little(static_cast<std::uint8_t>(i)) + std::string(text_of(bytes)));
        begin = state.ends[i];
    }
}

// ---- recordings -----------------------------------------------------------------------------------

void write_recording() {
    std::filesystem::create_directories(folder / "recording");
    write_small_recording(folder / "recording" / "small");
}

// ---- rows ---------------------------------------------------------------------------------------

void write_rows() {
    // Tables by number: see TableId, without that of version 1; the last one is `blobs`.
    const auto row = [](RowCommand command, std::uint8_t table, std::uint8_t column,
                        const std::string& rest) {
        return little(static_cast<std::uint8_t>(command)) + little(table) + little(column) +
               little(std::uint8_t{1}) + rest;
    };
    constexpr std::uint8_t kEpochs = 6, kPacks = 7, kSnapshots = 8, kChanges = 9, kBlobs = 13;
    const auto flip = little(std::uint16_t{0}) + little(std::uint8_t{1});
    write("rows", "epoch_digests", row(RowCommand::flip, kEpochs, 3, flip));
    write("rows", "pack_hashes", row(RowCommand::flip, kPacks, 3, flip));
    write("rows", "pack_content", row(RowCommand::packed, kBlobs, 0, little(std::uint16_t{4}) + "page"));
    write("rows", "snapshot_pages", row(RowCommand::number, kSnapshots, 4, little(std::uint64_t{1} << 29)));
    write("rows", "page_changes", row(RowCommand::bytes, kChanges, 2, little(std::uint8_t{2}) + "\x01\x02"));
    write("rows", "removed", row(RowCommand::remove, kPacks, 0, ""));
    SmallMachine machine(small_recording_devices());
    SavedState state;
    machine.board.save(state);
    for (const std::uint16_t at : {0, 40, 300, 700}) {
        write("rows", "state" + std::to_string(at),
              row(RowCommand::flip_packed, kSnapshots, 6,
                  little(static_cast<std::uint16_t>(state.fields.size())) + little(at) +
                      little(std::uint8_t{1})));
    }
}

// ---- virtio -------------------------------------------------------------------------------------

/// A program of commands for the target.
class Program {
  public:
    explicit Program(std::uint8_t device) { text_ += little(device); }

    Program& put(std::uint16_t at, const std::string& bytes) {
        add(Command::put);
        text_ += little(at) + little(static_cast<std::uint8_t>(bytes.size())) + bytes;
        return *this;
    }
    Program& describe(std::uint8_t queue, std::uint8_t index, std::uint16_t at, std::uint16_t length,
                      std::uint8_t flags) {
        add(Command::describe);
        text_ += little(queue) + little(index) + little(at) + little(length) + little(flags) +
                 little(static_cast<std::uint8_t>(index + 1));
        return *this;
    }
    Program& offer(std::uint8_t queue, std::uint8_t head) {
        add(Command::offer);
        text_ += little(queue) + little(head);
        add(Command::notify);
        text_ += little(queue);
        return *this;
    }
    Program& events(std::uint8_t most) {
        add(Command::events);
        text_ += little(most);
        return *this;
    }
    Program& input(const std::string& bytes) {
        add(Command::input);
        text_ += little(static_cast<std::uint16_t>(bytes.size())) + bytes;
        return *this;
    }
    /// A chain at index 0: one buffer to read, one to write.
    Program& request(std::uint8_t queue, const std::string& bytes, std::uint16_t room) {
        put(kData, bytes);
        describe(queue, 0, kData, static_cast<std::uint16_t>(bytes.size()), 1);
        describe(queue, 1, kRoom, room, 2);
        return offer(queue, 0).events(4);
    }
    const std::string& text() const { return text_; }

  private:
    static constexpr std::uint16_t kData = 0x2000;
    static constexpr std::uint16_t kRoom = 0x3000;

    void add(Command command) { text_ += little(static_cast<std::uint8_t>(command)); }
    std::string text_;
};

std::string words(std::initializer_list<std::uint32_t> values) {
    std::string text;
    for (const auto value : values) text += little(value);
    return text;
}

void write_virtio() {
    enum Device : std::uint8_t { entropy, seeded, block, net, console, keyboard, pointer, sound };
    const auto device_writes = [](Device device, std::uint8_t queue) {
        return Program(device).describe(queue, 0, 0x3000, 64, 2).offer(queue, 0).events(4);
    };
    const std::string some(32, 'x');
    write("virtio", "entropy", device_writes(entropy, 0).input(some).events(4).text());
    write("virtio", "seeded", device_writes(seeded, 0).text());
    for (const std::uint32_t type : {0u, 1u, 4u, 8u}) {
        const auto header = words({type, 0, 2, 0}) + (type == 1 ? std::string(128, 'x') : "");
        write("virtio", "block" + std::to_string(type), Program(block).request(0, header, 513).text());
    }
    write("virtio", "net_receives", device_writes(net, 0).input(std::string(60, 'x')).events(4).text());
    write("virtio", "net_sends", Program(net).request(1, std::string(72, '\0'), 0).text());
    write("virtio", "console_receives", device_writes(console, 0).input("text").events(4).text());
    write("virtio", "console_sends", Program(console).request(1, "text", 0).text());
    const auto key = little(std::uint16_t{1}) + little(std::uint16_t{30}) + little(std::uint32_t{1});
    write("virtio", "keyboard", device_writes(keyboard, 0).input(key).events(4).text());
    write("virtio", "keyboard_status", Program(keyboard).request(1, key, 0).text());
    write("virtio", "pointer", device_writes(pointer, 0).input(key).events(4).text());

    constexpr std::uint32_t kSetting = 2 | 5 << 8 | 7 << 16;  // two channels of 16 bits at 48 kHz
    for (const std::uint32_t stream : {0u, 1u}) {
        Program program(sound);
        program.request(0, words({0x101, stream, 64, 64, 0, kSetting}), 4);
        program.request(0, words({0x102, stream}), 4);
        if (stream == 0) program.request(2, words({0}) + std::string(64, 's'), 8);
        if (stream == 1) program.request(3, words({1}), 72);
        program.request(0, words({0x104, stream}), 4).input(some).events(8);
        program.request(0, words({0x105, stream}), 4).request(0, words({0x103, stream}), 4);
        write("virtio", stream == 0 ? "sound_plays" : "sound_captures", program.text());
    }
    write("virtio", "sound_information", Program(sound).request(0, words({0x100, 0, 2, 32}), 68).text());
}

// ---- images -------------------------------------------------------------------------------------

template <class Word>
std::string elf(std::uint8_t elf_class) {
    constexpr std::uint16_t kHeader = sizeof(Word) == 8 ? 64 : 52;
    constexpr std::uint16_t kProgramHeader = sizeof(Word) == 8 ? 56 : 32;
    const auto base = static_cast<Word>(0x8000'0000);
    std::string text =
        "\x7f"
        "ELF";
    text += little(elf_class) + "\x01\x01" + std::string(9, '\0');
    text += little(std::uint16_t{2}) + little(std::uint16_t{243}) + words({1}) + little(base);
    text += little(Word{kHeader}) + little(Word{0}) + words({0});
    for (const std::uint16_t half :
         {kHeader, kProgramHeader, std::uint16_t{1}, std::uint16_t{0}, std::uint16_t{0}, std::uint16_t{0}})
        text += little(half);
    const Word offset = kHeader + kProgramHeader;
    text += words({1});
    if (sizeof(Word) == 8) text += words({5});
    for (const Word field : {offset, base, base, Word{8}, Word{16}}) text += little(field);
    if (sizeof(Word) == 4) text += words({5});
    return text + little(Word{4}) + "\x13\0\0\0\x6f\0\0" + std::string(2, '\0');
}

std::string gzipped(const std::string& text) {
    std::string packed(1024, '\0');
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

void write_images() {
    using namespace std::string_literals;
    const auto kernel = words({0x0000'006f, 0}) + little(std::uint64_t{0x20'0000}) +
                        little(std::uint64_t{0x1000}) + std::string(24, '\0') + "RISCV\0\0\0RSC\x05"s +
                        std::string(4, '\0');
    write("images", "elf64", "\0"s + elf<std::uint64_t>(2));
    write("images", "elf32", "\0"s + elf<std::uint32_t>(1));
    write("images", "flat", "\1"s + words({0x6f}));
    write("images", "kernel", "\3"s + kernel);
    write("images", "kernel_packed", "\3"s + gzipped(kernel));
}

// ---- debugger -----------------------------------------------------------------------------------

void write_gdb() {
    using namespace std::string_literals;
    const auto packet = [](const std::string& body) {
        unsigned sum = 0;
        for (const char character : body) sum += static_cast<unsigned char>(character);
        constexpr const char* kDigits = "0123456789abcdef";
        const auto whole = "$" + body + "#" + kDigits[sum >> 4 & 15] + kDigits[sum & 15];
        return little(static_cast<std::uint8_t>(whole.size())) + whole;
    };
    const auto all = [&](std::initializer_list<std::string> bodies) {
        std::string text;
        for (const auto& body : bodies) text += packet(body) + "\1+"s;
        return text;
    };
    write("gdb", "handshake",
          all({"qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+", "QStartNoAckMode", "?",
               "qXfer:features:read:target.xml:0,ffb", "qfThreadInfo", "qsThreadInfo", "qAttached", "Hg0"}));
    write("gdb", "memory",
          all({"g", "p20", "P20=0000008000000000", "m80000000,40", "x80000000,40", "M80000000,4:01020304",
               "X80000010,3:abc", "qCRC:80000000,100", "qSearch:memory:80000000;1000;abc"}));
    write("gdb", "stops",
          all({"Z0,80000000,2;X3,220127;cmds:1,X1,27", "Z2,80001000,8", "vCont?", "vCont;c", "vCont;s:1;c",
               "vCont;r80000000,80000010:1;c", "bs", "bc", "z0,80000000,2", "D"}));
    const auto monitor = [](std::string_view command) {
        constexpr const char* kDigits = "0123456789abcdef";
        std::string body = "qRcmd,";
        for (const unsigned char c : command) (body += kDigits[c >> 4]) += kDigits[c & 15];
        return body;
    };
    write("debuggee", "moves",
          all({"QStartNoAckMode", "Z0,80000018,4", "vCont;c", "vCont;s:1;c", "Z2,80002000,4", "vCont;c", "bs",
               "bc", "Z0,80000028,4;X9,26000a22050e2213270000;cmds:1,X1,27", "vCont;c", "m10000000,8",
               "vRun;", "D"}));
    write("debuggee", "monitor",
          all({"QStartNoAckMode", monitor("catch trap all"), "vCont;c", monitor("stop-hart 1"), "vCont;c",
               "bc", monitor("info csr"), monitor("info harts"), monitor("goto +100"), monitor("branch a"),
               monitor("writes 0x80002000:4"), monitor("last-change a0"), monitor("disassemble"),
               monitor("phys on"), "M80002000,1:01", monitor("bookmark b"), monitor("help"), "k"}));
    write("gdb", "others",
          all({"qRcmd,7768656e", "vFile:open:2f696d616765732f66772e656c66,0,0", "vFile:pread:1,100,0", "!",
               "vRun;", "R00", "QThreadSuffixSupported", "qHostInfo", "T1", "k"}) +
              "\1\3"s);
}

// ---- sound and configuration --------------------------------------------------------------------

void write_sound() {
    using namespace std::string_literals;
    const auto format = "fmt " + words({16, 0x0002'0001, 44100, 176400, 0x0010'0004});
    write("sound", "wav", "\0"s + "RIFF" + words({44}) + "WAVE" + format + "data" + words({8, 1, 2}));
    const auto chunk = "LIST" + words({3}) + "abc\0"s;
    const auto mono = "fmt " + words({16, 0x0001'0001, 8000, 8000, 0x0008'0001});
    write("sound", "wav_chunks",
          "\2"s + "RIFF" + words({64}) + "WAVE" + chunk + mono + "data" + words({~0u, 1}));
    using emu::virtio::SoundHeader;
    const auto played = emu::virtio::to_bytes({SoundHeader::Kind::played, {44100, 2}, 8});
    const auto captures = emu::virtio::to_bytes({SoundHeader::Kind::capture_started, {8000, 1}, 0});
    write("sound", "pieces",
          "\1\x40"s + std::string(text_of(played)) + words({1, 2}) + std::string(text_of(captures)));
}

void write_configuration() {
    using namespace std::string_literals;
    const std::initializer_list<std::pair<const char*, const char*>> devices{
        {"entropy", R"({"kind":"entropy","seed":5})"},
        {"net", R"({"kind":"net","mac":"52:54:00:12:34:56"})"},
        {"block", R"({"kind":"block","size":65536,"readonly":true,"id":"disk","drive":0})"},
        {"sound", R"({"kind":"sound"})"},
    };
    for (const auto& [name, text] : devices) write("configuration", name, "\0"s + text);
    write("configuration", "isa", "\1"s + "rv64gc_zba,+zfh,-zbb");
}

void write_engines() {
    using namespace std::string_literals;
    // t0 = 20; loop: a0 += t0; store and load it; t0 -= 1; bnez t0, loop; ecall
    const auto loop =
        words({0x01400293, 0x00550533, 0x00a13023, 0x00013583, 0xfff28293, 0xfe0298e3, 0x00000073});
    write("engines", "loop64", "\0\xff"s + loop);
    // fadd.d, fmadd.d, fcvt.w.d, amoadd.w, and a branch back to the beginning
    const auto mixed = words({0x02208153, 0x1a20f243, 0xc2011553, 0x00b5252f, 0xfe0008e3});
    write("engines", "floats", "\0\x40"s + mixed);
    write("engines", "mixed32", "\1\x20"s + loop + mixed);
}

}  // namespace
}  // namespace backspin::fuzz

int main(int argc, char** argv) {
    using namespace backspin::fuzz;
    if (argc != 2) {
        std::fprintf(stderr, "usage: fuzz_seeds FOLDER\n");
        return 2;
    }
    folder = argv[1];
    write_events();
    write_recording();
    write_rows();
    write_states();
    write_virtio();
    write_images();
    write_gdb();
    write_sound();
    write_engines();
    write_configuration();
    return 0;
}
