// `backspin log`: the console output, each line with where it began.
#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/exit_code.hpp"
#include "cli/input_gist.hpp"
#include "cli/recorded_run.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"

namespace backspin::cli {
namespace {

/// A line of a console, without its end.
struct Line {
    StepCount at;  ///< of its first byte
    VirtualTime time;
    std::string text;
};

/// A guest that never ends its line must not fill the host's memory.
constexpr std::size_t kLongestLine = 4096;

class Lines {
  public:
    explicit Lines(std::function<void(Channel, const Line&)> print) : print_(std::move(print)) {}

    void add(Channel channel, std::span<const std::byte> bytes, StepCount at, VirtualTime time) {
        auto& line = open_[channel.value];
        for (const auto byte : bytes) {
            const auto c = std::to_integer<char>(byte);
            if (c == '\r') continue;
            if (!line) line = Line{at, time, {}};
            if (c != '\n') line->text += c;
            if (c == '\n' || line->text.size() == kLongestLine) end(channel, line);
        }
    }

    void end_all() {
        for (auto& [channel, line] : open_) {
            if (line) end({channel}, line);
        }
    }

  private:
    void end(Channel channel, std::optional<Line>& line) {
        print_(channel, *line);
        line.reset();
    }

    std::function<void(Channel, const Line&)> print_;
    std::map<std::uint32_t, std::optional<Line>> open_;
};

/// What a guest prints must not drive the terminal of who reads its log.
std::string printable(std::string_view text) {
    std::string shown;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && c != '\t') || byte == 0x7f) {
            shown += fmt::format("\\x{:02x}", byte);
        } else {
            shown += c;
        }
    }
    return shown;
}

}  // namespace

int log(const LogCommand& command) {
    const RecordedRun run(command.file);
    Playback playback(run);
    const auto from = command.stretch.from ? playback.position_of(*command.stretch.from) : run.begin();
    const auto to = command.stretch.to ? playback.position_of(*command.stretch.to) : run.frontier();
    Lines lines([&](Channel channel, const Line& line) {
        const auto device = device_of(channel, run.setup());
        if (command.json) {
            const nlohmann::json json{{"step", line.at.value},
                                      {"virtual_ns", line.time.ns},
                                      {"device", device},
                                      {"text", line.text}};
            fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        } else {
            fmt::print("{:>14}  {:>14}  {}\n", line.at.value, describe_time(line.time), printable(line.text));
        }
    });
    playback.seek(from);
    playback.play(to, {.input = {},
                       .output = [&](Channel channel, std::span<const std::byte> bytes, StepCount at,
                                     VirtualTime time) {
                           if (!is_console(channel, run.setup())) return;
                           if (command.device && *command.device != device_of(channel, run.setup())) return;
                           lines.add(channel, bytes, at, time);
                       }});
    lines.end_all();
    return kSuccess;
}

}  // namespace backspin::cli
