#include "emu/devices/finisher.hpp"

namespace backspin::emu {

std::optional<std::uint64_t> Finisher::read(std::uint64_t offset, AccessSize size,
                                            const DeviceContext& context) {
    return peek(offset, size, context.now);
}

std::optional<std::uint64_t> Finisher::peek(std::uint64_t /*offset*/, AccessSize size,
                                            VirtualTime /*now*/) const {
    if (size != AccessSize::half && size != AccessSize::word) return std::nullopt;
    return 0;
}

bool Finisher::write(std::uint64_t offset, AccessSize size, std::uint64_t value, const DeviceContext&) {
    if (size != AccessSize::half && size != AccessSize::word) return false;
    if (offset != 0 || request_) return true;
    const auto code = size == AccessSize::word ? static_cast<std::uint16_t>(value >> 16) : std::uint16_t{0};
    switch (static_cast<std::uint16_t>(value)) {
        case kPass: request_ = PowerRequest{PowerRequest::Kind::pass, 0}; break;
        case kFail: request_ = PowerRequest{PowerRequest::Kind::fail, code}; break;
        case kReset: request_ = PowerRequest{PowerRequest::Kind::reset, 0}; break;
        default: break;
    }
    return true;
}

void Finisher::push(PowerButton button) {
    if (request_) return;
    if (button == PowerButton::power) request_ = PowerRequest{PowerRequest::Kind::pass, 0};
    if (button == PowerButton::reset) request_ = PowerRequest{PowerRequest::Kind::reset, 0};
}

}  // namespace backspin::emu
