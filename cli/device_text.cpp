#include "cli/device_text.hpp"

#include <nlohmann/json.hpp>

#include "cli/mac_address.hpp"

namespace backspin::cli {
namespace {

using emu::virtio::DeviceOptions;
using emu::virtio::EntropyOptions;
using emu::virtio::NetOptions;
using nlohmann::json;

/// Writes the members beside "kind"; one overload each.
struct Write {
    json& out;
    void operator()(std::monostate) const {}
    void operator()(const EntropyOptions& options) const {
        if (options.seed) out["seed"] = *options.seed;
    }
    void operator()(const NetOptions& options) const { out["mac"] = to_text(options.mac); }
};

std::optional<std::uint64_t> number(const json& in, const char* key) {
    const auto found = in.find(key);
    if (found == in.end() || !found->is_number_unsigned()) return std::nullopt;
    return found->get<std::uint64_t>();
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
    if (kind == "none") return DeviceOptions{};
    if (kind == "entropy") return read_entropy(in);
    if (kind == "net") return read_net(in);
    return std::nullopt;
}

}  // namespace backspin::cli
