// A debugger's bytes, cut as the fuzzer likes, to a session with a real small machine behind it: moves both
// ways, breakpoints with conditions and commands in bytecode, watchpoints, `monitor` commands.
#include "testsuite/cli/hostile_client.hpp"
#include "testsuite/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace backspin;
    cli::testing::HostileClient client;
    fuzz::Taker input(fuzz::bytes_of(data, size));
    while (!input.empty() && !client.ended()) {
        const auto length = input.take<std::uint8_t>();
        client.send(input.take_bytes(length));
    }
    client.session().disconnected();
    const auto catches = client.debuggee().monitor()->execute("catch", gdbstub::ThreadId{1});
    fuzz::require(catches && *catches.value() == "no catches\n", "a client that is gone leaves no catches");
    return 0;
}
