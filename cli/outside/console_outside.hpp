#pragma once

#include <memory>
#include <utility>

#include "cli/console/console.hpp"
#include "cli/outside/outside.hpp"

namespace backspin::cli {

/// A console behind a virtio console.
class ConsoleOutside final : public Outside {
  public:
    explicit ConsoleOutside(std::unique_ptr<Console> console) : console_(std::move(console)) {}

    std::vector<std::byte> next(std::size_t room) override { return console_->take(room); }
    void output(std::span<const std::byte> bytes) override { console_->write(bytes); }
    bool is_for_eyes() const override { return true; }
    bool interactive() const override { return console_->interactive(); }
    void flush() override { console_->flush(); }

  private:
    std::unique_ptr<Console> console_;
};

/// Throws StartError.
inline std::unique_ptr<Outside> open_virtio_console(HostLoop& loop, const ConsoleChoice& where,
                                                    ConsoleUse use, bool force) {
    return std::make_unique<ConsoleOutside>(open_console(loop, where, use, force, "Virtio console"));
}

}  // namespace backspin::cli
