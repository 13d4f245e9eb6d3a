// --perf-map: tells perf what translated code was translated from.
#pragma once

#include <cstdio>
#include <memory>
#include <mutex>

#include "emu/engine/engine_options.hpp"

namespace backspin::cli {

/// The file that perf looks for: /tmp/perf-PID.map, in the format of the kernel's
/// tools/perf/Documentation/jit-interface.txt. Any thread.
class PerfMap {
  public:
    /// Throws StartError.
    PerfMap();
    void add(const emu::TranslatedBlock& block);

  private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    std::mutex mutex_;
    std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace backspin::cli
