#include "snapshots/recording_events.hpp"

namespace backspin::snapshots {
namespace {

template <class Value>
void put(std::vector<std::byte>& out, Value value) {
    for (std::size_t i = 0; i < sizeof(Value); ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

/// Takes a little-endian number from the front; false if there are too few bytes.
template <class Value>
bool take(std::span<const std::byte>& in, Value& value) {
    if (in.size() < sizeof(Value)) return false;
    value = 0;
    for (std::size_t i = 0; i < sizeof(Value); ++i) {
        value = static_cast<Value>(value | std::to_integer<Value>(in[i]) << (8 * i));
    }
    in = in.subspan(sizeof(Value));
    return true;
}

std::vector<std::byte> rest(std::span<const std::byte> in) {
    return {in.begin(), in.end()};
}

struct Encoder {
    EncodedInput operator()(const DeviceInput& input) const {
        EncodedInput encoded{EventKind::device_input, {}};
        put(encoded.payload, input.channel.value);
        encoded.payload.insert(encoded.payload.end(), input.bytes.begin(), input.bytes.end());
        return encoded;
    }
    EncodedInput operator()(const IdleWarp& warp) const {
        EncodedInput encoded{EventKind::idle_warp, {}};
        put(encoded.payload, warp.by.ns);
        return encoded;
    }
    EncodedInput operator()(const MemoryWrite& write) const {
        EncodedInput encoded{EventKind::memory_write, {}};
        put(encoded.payload, write.hart.value);
        put(encoded.payload, write.at.value);
        encoded.payload.insert(encoded.payload.end(), write.bytes.begin(), write.bytes.end());
        return encoded;
    }
    EncodedInput operator()(const RegisterWrite& write) const {
        EncodedInput encoded{EventKind::register_write, {}};
        put(encoded.payload, write.hart.value);
        put(encoded.payload, write.which.value);
        put(encoded.payload, write.value);
        return encoded;
    }
};

}  // namespace

EncodedInput encode(const Input& input) {
    return std::visit(Encoder{}, input);
}

std::optional<Input> decode(std::uint64_t kind, std::span<const std::byte> payload) {
    switch (kind) {
        case static_cast<std::uint64_t>(EventKind::device_input): {
            DeviceInput input;
            if (!take(payload, input.channel.value)) return std::nullopt;
            input.bytes = rest(payload);
            return input;
        }
        case static_cast<std::uint64_t>(EventKind::idle_warp): {
            IdleWarp warp;
            if (!take(payload, warp.by.ns) || !payload.empty()) return std::nullopt;
            return warp;
        }
        case static_cast<std::uint64_t>(EventKind::memory_write): {
            MemoryWrite write;
            if (!take(payload, write.hart.value) || !take(payload, write.at.value)) return std::nullopt;
            write.bytes = rest(payload);
            return write;
        }
        case static_cast<std::uint64_t>(EventKind::register_write): {
            RegisterWrite write;
            if (!take(payload, write.hart.value) || !take(payload, write.which.value) ||
                !take(payload, write.value) || !payload.empty()) {
                return std::nullopt;
            }
            return write;
        }
        default: return std::nullopt;
    }
}

}  // namespace backspin::snapshots
