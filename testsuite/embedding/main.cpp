// cortex_m0_board FLASH [--type TEXT] [--record FILE]
// cortex_m0_board --replay FILE
//
// The board under gdb: prints the port that it listens on, serves one client, and ends with it. What the UART
// sends goes to stdout. FLASH is a flat image, as objcopy makes it.

#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "testsuite/embedding/recording.hpp"
#include "testsuite/embedding/serve.hpp"

namespace backspin::m0 {
namespace {

struct Options {
    std::string flash, typed, record, replay;
};

std::optional<Options> parse(std::span<char*> words) {
    Options options;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string_view word = words[i];
        std::string* value = nullptr;
        if (word == "--type") value = &options.typed;
        if (word == "--record") value = &options.record;
        if (word == "--replay") value = &options.replay;
        if (value == nullptr) {
            options.flash = word;
        } else if (++i < words.size()) {
            *value = words[i];
        } else {
            return std::nullopt;
        }
    }
    if (options.flash.empty() == options.replay.empty()) return std::nullopt;
    return options;
}

std::vector<std::byte> contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error(path + ": cannot be read");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

class Terminal final : public OutputSink {
  public:
    void output(Channel, std::span<const std::byte> bytes) override {
        std::fwrite(bytes.data(), 1, bytes.size(), stdout);
        std::fflush(stdout);
    }
};

/// Types a text, each character as soon as the UART takes it.
class Typist final : public replay::InputPort {
  public:
    explicit Typist(std::string_view text) : left_(text) {}

    std::optional<DeviceInput> next(const Machine& machine) override {
        if (left_.empty() || machine.room_for_input(kUartChannel) == 0) return std::nullopt;
        const auto byte = static_cast<std::byte>(left_.front());
        left_.remove_prefix(1);
        return DeviceInput{kUartChannel, {byte}};
    }
    void wait(std::chrono::nanoseconds at_most) override { std::this_thread::sleep_for(at_most); }
    bool interactive() const override { return false; }

  private:
    std::string_view left_;
};

void debug(M0Machine& machine, replay::Timeline& timeline, replay::InputPort* input) {
    Terminal terminal;
    machine.set_output(&terminal);
    Connection connection;
    std::fprintf(stderr, "Listening on port %d\n", connection.port());
    connection.accept();
    M0Target target(machine, timeline);
    serve(target, timeline, input, connection);
    machine.set_output(nullptr);
}

void run(const Options& options) {
    const auto flash = contents(options.flash);
    M0Machine machine(flash);
    std::optional<Recorder> recorder;
    if (!options.record.empty()) recorder.emplace(options.record, flash, machine);
    replay::Timeline timeline(machine, {.listener = recorder ? &*recorder : nullptr});
    Typist typist(options.typed);
    debug(machine, timeline, &typist);
    if (!recorder) return;
    timeline.seek(timeline.frontier());
    recorder->finish(timeline.frontier(), machine.time());
}

void replay_recording(const Options& options) {
    auto recorded = read_recording(options.replay);
    M0Machine machine(recorded.flash);
    replay::Timeline timeline(machine, std::move(recorded.past), {});
    debug(machine, timeline, nullptr);
}

}  // namespace
}  // namespace backspin::m0

int main(int count, char** words) {
    const auto options = backspin::m0::parse({words, static_cast<std::size_t>(count)});
    if (!options) {
        std::fputs("cortex_m0_board: give FLASH [--type TEXT] [--record FILE], or --replay FILE\n", stderr);
        return 2;
    }
    try {
        options->replay.empty() ? run(*options) : replay_recording(*options);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "cortex_m0_board: %s\n", error.what());
        return 1;
    }
    return 0;
}
