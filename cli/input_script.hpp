// Input by script: what is typed when, so that a run needs nobody at the keyboard.
//
//     # comment
//     after "login: " send "root\n"      when the console has shown this since the entry before had its turn
//     at 1.5s send "x"                   when the guest's clock has come to this time
//     at 2s key leftctrl+c               the keyboard's keys, pressed and released; press KEY, release KEY
//     at 2s move 100 32767               the pointer: move X Y, button left|right|middle down|up
//
// Entries have their turn in the order of the file: an `after` when its text has been shown, an `at` when its
// time has come. Nothing depends on how soon the machine takes what is typed. In texts: \n \r \t \\ \" \xNN.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/position.hpp"

namespace backspin::cli {

/// One line: file, line number, what is wrong and what would be right.
class ScriptError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct AfterText {
    std::string text;  ///< 1 to 4096 bytes
    bool operator==(const AfterText&) const = default;
};
struct AtTime {
    VirtualTime time;
    bool operator==(const AtTime&) const = default;
};

/// Whose input an entry is.
enum class ScriptDevice : std::uint8_t { console, keyboard, pointer };
inline constexpr std::size_t kScriptDevices = 3;

struct ScriptEntry {
    std::variant<AfterText, AtTime> when;
    std::string send;  ///< 1 to 65536 bytes: a text, or events of 8 bytes each
    std::size_t line = 0;
    ScriptDevice device = ScriptDevice::console;
    bool operator==(const ScriptEntry&) const = default;
};

/// At most 100,000 entries, with times that do not descend. `file` is for messages. Throws ScriptError.
std::vector<ScriptEntry> parse_script(std::string_view content, const std::string& file);

/// Plays a script: hears the console's output, and says what is to be typed.
class InputScript {
  public:
    InputScript() = default;
    explicit InputScript(std::vector<ScriptEntry> entries);

    void hear(std::span<const std::byte> output);
    /// What is to be typed by now: of all entries whose turn has come.
    std::vector<std::byte> due(VirtualTime now, ScriptDevice device = ScriptDevice::console);
    /// Whether an entry has had its turn whose input was not taken by due().
    bool has_ready() const;
    /// The first entry that is for this device; null if none is.
    const ScriptEntry* first_for(ScriptDevice device) const;
    /// When the next entry is due, if it waits for a time.
    std::optional<VirtualTime> next_time() const;
    /// The entry whose turn it is; null at the script's end.
    const ScriptEntry* waiting_for() const;

  private:
    std::vector<ScriptEntry> entries_;
    std::size_t next_ = 0;
    std::array<std::string, kScriptDevices> ready_;  ///< what its entries' turn has come for, not yet taken
    std::size_t matched_ = 0;           ///< how much of the awaited text the newest output ends with
    std::vector<std::size_t> borders_;  ///< of the awaited text, for matching without looking back

    std::string& ready_of(ScriptDevice device) { return ready_[static_cast<std::size_t>(device)]; }
    void await_current();
    void match(char shown);
    void advance();
};

}  // namespace backspin::cli
