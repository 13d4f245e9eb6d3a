// A debugger's bytes: what comes from the client, cut as the fuzzer likes. Every so often the target stops.
#include "gdbstub/session.hpp"
#include "testsuite/fuzz/fuzz.hpp"
#include "testsuite/gdbstub/mock_target.hpp"

namespace backspin::fuzz {
namespace {

using gdbstub::Session;

void drain(Session& session) {
    constexpr std::size_t kMost = std::size_t{8} << 20;
    std::size_t sum = 0;
    for (auto bytes = session.take_output(); !bytes.empty(); bytes = session.take_output()) {
        sum += bytes.size();
        require(sum <= kMost, "a few bytes are not answered without end");
    }
}

void serve(Session& session, std::uint8_t choice) {
    session.take_resume();
    if (!session.running()) return;
    session.console_output("text of the guest");
    if (choice % 2 == 0) return;
    using namespace gdbstub;
    const ThreadId thread{1u + choice % 3u};
    if (choice % 4 == 1) return session.stopped({thread, Stepped{}});
    session.stopped({thread, HitWatchpoint{WatchKind::write, Address{0x80001000}}});
}

}  // namespace
}  // namespace backspin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace backspin;
    gdbstub::testing::MockTarget target;
    gdbstub::Session session(target);
    fuzz::Taker input(fuzz::bytes_of(data, size));
    while (!input.empty() && !session.ended()) {
        const auto length = input.take<std::uint8_t>();
        session.receive(input.take_bytes(length));
        fuzz::drain(session);
        fuzz::serve(session, length);
    }
    session.disconnected();
    fuzz::require(target.inserted.empty(), "a client that is gone leaves no breakpoints");
    return 0;
}
