#include "cli/device_text.hpp"

#include <nlohmann/json.hpp>

#include "cli/mac_address.hpp"

namespace backspin::cli {
namespace {

using emu::virtio::BlockOptions;
using emu::virtio::DeviceOptions;
using emu::virtio::EntropyOptions;
using emu::virtio::NetOptions;
using emu::virtio::SoundOptions;
using nlohmann::json;

/// Writes the members beside "kind"; one overload each.
struct Write {
    json& out;
    void operator()(std::monostate) const {}
    void operator()(const emu::virtio::ConsoleOptions&) const {}
    void operator()(const emu::virtio::InputOptions&) const {}
    void operator()(const EntropyOptions& options) const {
        if (options.seed) out["seed"] = *options.seed;
    }
    void operator()(const SoundOptions&) const {}
    void operator()(const NetOptions& options) const { out["mac"] = to_text(options.mac); }
    void operator()(const BlockOptions& options) const {
        out["size"] = options.size;
        out["readonly"] = options.readonly;
        out["id"] = options.id;
        out["drive"] = options.drive;
    }
};

std::optional<std::uint64_t> number(const json& in, const char* key) {
    const auto found = in.find(key);
    if (found == in.end() || !found->is_number_unsigned()) return std::nullopt;
    return found->get<std::uint64_t>();
}

std::optional<DeviceOptions> read_block(const json& in) {
    const auto size = number(in, "size");
    const auto drive = number(in, "drive");
    const auto readonly = in.value("readonly", json());
    const auto id = in.value("id", json());
    const bool usable = size && *size <= emu::Memory::kMostDriveBytes && drive &&
                        *drive < emu::memory_map::kVirtioTransports && readonly.is_boolean() &&
                        id.is_string() &&
                        id.get_ref<const std::string&>().size() <= emu::virtio::Block::kIdLength;
    if (!usable) return std::nullopt;
    return BlockOptions{*size, readonly.get<bool>(), id.get<std::string>(), *drive};
}

std::optional<DeviceOptions> read_entropy(const json& in) {
    EntropyOptions options;
    options.seed = number(in, "seed");
    return options;
}

std::optional<DeviceOptions> read_net(const json& in) {
    const auto found = in.find("mac");
    if (found == in.end() || !found->is_string()) return std::nullopt;
    const auto mac = parse_mac(found->get<std::string>());
    if (!mac) return std::nullopt;
    return NetOptions{*mac};
}

}  // namespace

std::string to_text(const DeviceOptions& options) {
    json out{{"kind", std::string(emu::virtio::kind_of(options))}};
    std::visit(Write{out}, options);
    return out.dump();
}

std::optional<DeviceOptions> device_of(std::string_view text) {
    const auto in = json::parse(text, nullptr, false);
    if (!in.is_object() || !in.contains("kind") || !in["kind"].is_string()) return std::nullopt;
    const auto kind = in["kind"].get<std::string>();
    using emu::virtio::InputOptions;
    if (kind == "none") return std::optional<DeviceOptions>(std::in_place);
    if (kind == "console") return emu::virtio::ConsoleOptions{};
    if (kind == "keyboard") return InputOptions{InputOptions::Kind::keyboard};
    if (kind == "pointer") return InputOptions{InputOptions::Kind::pointer};
    if (kind == "sound") return SoundOptions{};
    if (kind == "entropy") return read_entropy(in);
    if (kind == "net") return read_net(in);
    if (kind == "block") return read_block(in);
    return std::nullopt;
}

}  // namespace backspin::cli
