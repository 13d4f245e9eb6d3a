#include "testsuite/embedding/serve.hpp"

#include "gdbstub/session.hpp"

namespace backspin::m0 {

using namespace std::chrono_literals;

void serve(M0Target& target, replay::Timeline& timeline, replay::InputPort* input, Connection& client) {
    gdbstub::Session session(target);
    const auto send = [&] {
        for (auto bytes = session.take_output(); !bytes.empty(); bytes = session.take_output())
            client.send(bytes);
    };
    // Polled about every millisecond while the timeline moves: that is how Ctrl-C is seen.
    const auto interrupted = [&] {
        session.receive(client.receive(0ms));
        return client.closed() || session.interrupt_requested();
    };
    timeline.set_host({.input = input, .interrupted = interrupted});
    target.set_print([&](std::string_view text) {
        session.console_output(text);
        send();
    });
    while (!client.closed() && !session.ended()) {
        session.receive(client.receive(1s));
        send();
        while (const auto resume = session.take_resume()) {
            session.stopped(target.perform(*resume));
            send();
        }
    }
    session.disconnected();
    target.set_print({});
    timeline.set_host({});
}

}  // namespace backspin::m0
