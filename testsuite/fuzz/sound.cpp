// A WAV file to capture from, and a stranger's recording of what a sound device gave out. The first byte
// chooses.
#include <sstream>
#include <string>

#include "cli/outside/wav.hpp"
#include "testsuite/fuzz/fuzz.hpp"

namespace backspin::fuzz {
namespace {

void read_wav(std::span<const std::byte> file) {
    std::istringstream in{std::string(text_of(file))};
    try {
        cli::WavReader reader(in);
        cli::Resampler resampler(reader.rate(), 48000);
        std::vector<cli::SoundFrame> out;
        std::size_t count = 0;
        for (auto frames = reader.next(64); !frames.empty(); frames = reader.next(64)) {
            count += frames.size();
            for (const auto& frame : frames) resampler.push(frame, out);
        }
        require(count <= file.size(), "no more frames than bytes");
        require(out.size() <= 48 * count + 48, "no more frames than the rates make of them");
    } catch (const cli::BadWav&) {
    }
}

void read_pieces(Taker& input) {
    cli::SoundPieces pieces([](const emu::virtio::SoundHeader& header, std::span<const std::byte> frames) {
        require(header.format.is_possible() && frames.size() == header.bytes, "a piece is as it says");
    });
    while (!input.empty()) pieces.take(input.take_bytes(1 + input.take<std::uint8_t>()));
}

}  // namespace
}  // namespace backspin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace backspin::fuzz;
    Taker input(bytes_of(data, size));
    if (input.take<std::uint8_t>() % 2 == 0) {
        read_wav(input.rest());
    } else {
        read_pieces(input);
    }
    return 0;
}
