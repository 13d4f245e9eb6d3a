#include "replay/input_codec.hpp"

#include <string>
#include <type_traits>
#include <variant>

#include <boost/serialization/nvp.hpp>

namespace backspin {

template <class Archive>
void serialize(Archive& archive, DeviceInput& x, unsigned) {
    archive& boost::serialization::make_nvp("channel", x.channel);
    archive& boost::serialization::make_nvp("bytes", x.bytes);
}
template <class Archive>
void serialize(Archive& archive, IdleWarp& x, unsigned) {
    archive& boost::serialization::make_nvp("by", x.by);
}
template <class Archive>
void serialize(Archive& archive, MemoryWrite& x, unsigned) {
    archive& boost::serialization::make_nvp("hart", x.hart);
    archive& boost::serialization::make_nvp("at", x.at);
    archive& boost::serialization::make_nvp("bytes", x.bytes);
}
template <class Archive>
void serialize(Archive& archive, RegisterWrite& x, unsigned) {
    archive& boost::serialization::make_nvp("hart", x.hart);
    archive& boost::serialization::make_nvp("which", x.which);
    archive& boost::serialization::make_nvp("value", x.value);
}

namespace replay {
namespace {

/// In recordings: never renumber.
enum class Tag : std::uint8_t { device_input = 1, idle_warp = 2, memory_write = 3, register_write = 4 };

// The tag, the two or three fields before the payload, and its length take less than this.
constexpr std::size_t kMaxEncodedBytes = kMaxInputBytes + 64;

constexpr Tag tag_of(const DeviceInput&) {
    return Tag::device_input;
}
constexpr Tag tag_of(const IdleWarp&) {
    return Tag::idle_warp;
}
constexpr Tag tag_of(const MemoryWrite&) {
    return Tag::memory_write;
}
constexpr Tag tag_of(const RegisterWrite&) {
    return Tag::register_write;
}

template <class T>
Input decode_as(StateReader& reader) {
    T input;
    reader& boost::serialization::make_nvp("input", input);
    return input;
}

Input decode_kind(Tag tag, StateReader& reader) {
    switch (tag) {
        case Tag::device_input: return decode_as<DeviceInput>(reader);
        case Tag::idle_warp: return decode_as<IdleWarp>(reader);
        case Tag::memory_write: return decode_as<MemoryWrite>(reader);
        case Tag::register_write: return decode_as<RegisterWrite>(reader);
    }
    throw BadState("an input of an unknown kind, " + std::to_string(static_cast<unsigned>(tag)));
}

}  // namespace

std::size_t payload_size(const Input& input) {
    if (const auto* device = std::get_if<DeviceInput>(&input)) return device->bytes.size();
    if (const auto* write = std::get_if<MemoryWrite>(&input)) return write->bytes.size();
    return 0;
}

std::vector<std::byte> encode(const Input& input) {
    std::vector<std::byte> bytes;
    StateWriter writer(bytes);
    std::visit(
        [&](const auto& kind) {
            auto tag = tag_of(kind);
            writer& boost::serialization::make_nvp("tag", tag);
            // A writer only reads; make_nvp takes what it names by mutable reference in both directions.
            writer& boost::serialization::make_nvp("input",
                                                   const_cast<std::remove_cvref_t<decltype(kind)>&>(kind));
        },
        input);
    return bytes;
}

Input decode_input(std::span<const std::byte> bytes) {
    if (bytes.size() > kMaxEncodedBytes) throw BadState("an input larger than a log takes");
    StateReader reader(bytes);
    Tag tag{};
    reader& boost::serialization::make_nvp("tag", tag);
    auto input = decode_kind(tag, reader);
    if (!reader.at_end()) throw BadState("bytes left over after an input");
    if (payload_size(input) > kMaxInputBytes) throw BadState("an input with more bytes than a log takes");
    return input;
}

}  // namespace replay
}  // namespace backspin
