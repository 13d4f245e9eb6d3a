// The opening of a recording from a stranger, and all that is read from it.
#include "testsuite/fuzz/recording_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace backspin;
    static const fuzz::File file;
    file.hold(fuzz::bytes_of(data, size));
    fuzz::read_or_refuse(file.path(), [](const snapshots::RecordingReader&) {});
    return 0;
}
