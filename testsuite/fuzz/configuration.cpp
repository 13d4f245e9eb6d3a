// Texts of a recording's configuration: what a hart has, and a virtio device's options. The first byte
// chooses.
#include <stdexcept>
#include <string>

#include "cli/device_text.hpp"
#include "emu/isa/isa.hpp"
#include "testsuite/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace backspin;
    fuzz::Taker input(fuzz::bytes_of(data, size));
    const auto choice = input.take<std::uint8_t>() % 2;
    const auto text = fuzz::text_of(input.rest());
    if (choice == 0) {
        const auto options = cli::device_of(text);
        if (options)
            fuzz::require(cli::device_of(cli::to_text(*options)) == options, "options are read back");
        return 0;
    }
    try {
        const auto isa = emu::Isa::parse(text);
        fuzz::require(emu::Isa::parse(isa.name()).name() == isa.name(), "a name is read back");
    } catch (const std::invalid_argument&) {
    }
    return 0;
}
