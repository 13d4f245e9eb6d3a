#include "emu/devices/semihosting.hpp"

#include <algorithm>

namespace backspin::emu {

Semihosting::OpenFile* Semihosting::find(std::uint64_t handle) {
    return handle < files.size() && files[handle] ? &*files[handle] : nullptr;
}

std::optional<std::uint32_t> Semihosting::free_handle() const {
    for (auto handle = kFirstFree; handle < files.size(); ++handle) {
        if (!files[handle]) return handle;
    }
    return std::nullopt;
}

void Semihosting::check() const {
    for (std::size_t handle = 0; handle < kFirstFree; ++handle) {
        if (!files[handle] || !files[handle]->is_console())
            throw BadState("semihosting: a handle of the console that is another file");
    }
    if (!request) return;
    const auto require = [](bool holds) {
        if (!holds) throw BadState("semihosting: a request that no guest can have made");
    };
    require(request->kind <= HostRequest::Kind::read_console && request->name.size() <= kLongestName);
    require(request->name.find('\0') == std::string::npos);
    require(request->length <= kMostBytes && request->length <= request->asked);
    const bool opens = request->kind == HostRequest::Kind::open;
    require(request->handle < files.size() && (opens || request->is_character || files[request->handle]));
    require(!opens || (request->handle >= kFirstFree && !files[request->handle]));
    require(!request->is_character || request->kind == HostRequest::Kind::read_console);
}

}  // namespace backspin::emu
