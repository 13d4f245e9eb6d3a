// Ctrl-A on a console that shares its terminal with the program, as in QEMU: Ctrl-A x ends, Ctrl-A h shows
// help, Ctrl-A Ctrl-A (or Ctrl-A a) sends one Ctrl-A.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace backspin::cli {

class EscapeFilter {
  public:
    struct Result {
        std::vector<std::byte> typed;  ///< for the guest
        bool end = false;
        bool help = false;
    };
    /// Nothing after Ctrl-A x reaches the guest. Any other key after Ctrl-A is dropped with it.
    Result feed(std::span<const std::byte> bytes);

  private:
    bool after_escape_ = false;
    bool ended_ = false;
};

}  // namespace backspin::cli
