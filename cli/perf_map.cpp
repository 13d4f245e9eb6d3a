#include "cli/perf_map.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include <fmt/format.h>

#include "cli/start_error.hpp"

namespace backspin::cli {

PerfMap::PerfMap() {
    const auto path = fmt::format("/tmp/perf-{}.map", ::getpid());
    // A folder that all may write to: what lies there already is not followed, nor replaced.
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file >= 0) file_.reset(::fdopen(file, "w"));
    if (!file_) throw StartError(fmt::format("--perf-map: {}: {}", path, std::strerror(errno)));
}

void PerfMap::add(const emu::TranslatedBlock& block) {
    const std::scoped_lock lock(mutex_);
    fmt::print(file_.get(), "{:x} {:x} guest {:#x}\n", reinterpret_cast<std::uintptr_t>(block.code),
               block.bytes, block.guest.value);
    std::fflush(file_.get());
}

}  // namespace backspin::cli
