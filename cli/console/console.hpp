// The host's end of the machine's console: where its output goes and where its input comes from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/machine.hpp"
#include "cli/host_loop.hpp"
#include "cli/options/console_choice.hpp"

namespace backspin::cli {

/// The board's console (its UART) is the first channel.
inline constexpr Channel kConsoleChannel{0};

class Console {
  public:
    virtual ~Console() = default;

    virtual void write(std::span<const std::byte> bytes) = 0;

    /// Takes what was typed, at most so many bytes.
    virtual std::vector<std::byte> take(std::size_t at_most) = 0;

    /// Somebody may type at any time, so an idle machine waits in real time.
    virtual bool interactive() const = 0;

    /// Hands out what is still held back, at the end of the run.
    virtual void flush() {}
};

enum class ConsoleUse : std::uint8_t {
    both_ways,    ///< a live machine
    output_only,  ///< a replay: what the user types is ignored and ends nothing
};

/// May print one line on stderr that says where the console is: "Console on port 1234". Throws StartError.
std::unique_ptr<Console> open_console(HostLoop& loop, const ConsoleChoice& choice, ConsoleUse use, bool force,
                                      const std::string& name = "Console");

/// What was typed and not yet taken, bounded: a source stops reading while it is full.
class TypedBytes {
  public:
    void add(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
    bool full() const { return bytes_.size() >= kLimit; }
    bool empty() const { return bytes_.empty(); }
    std::vector<std::byte> take(std::size_t at_most);

  private:
    static constexpr std::size_t kLimit = 65536;
    std::deque<std::byte> bytes_;
};

}  // namespace backspin::cli
