#include "emu/devices/virtio/list.hpp"

namespace backspin::emu::virtio {
namespace {

struct Make {
    AnyDevice operator()(std::monostate) const { return std::monostate{}; }
    AnyDevice operator()(const ConsoleOptions&) const { return Console(); }
    AnyDevice operator()(const InputOptions& options) const { return Input(options); }
    AnyDevice operator()(const EntropyOptions& options) const { return Entropy(options); }
    AnyDevice operator()(const SoundOptions& options) const { return Sound(options); }
    AnyDevice operator()(const NetOptions& options) const { return Net(options); }
    AnyDevice operator()(const BlockOptions& options) const { return Block(options); }
};

struct Kind {
    std::string_view operator()(std::monostate) const { return "none"; }
    std::string_view operator()(const ConsoleOptions&) const { return "console"; }
    std::string_view operator()(const InputOptions& options) const {
        return options.kind == InputOptions::Kind::keyboard ? "keyboard" : "pointer";
    }
    std::string_view operator()(const EntropyOptions&) const { return "entropy"; }
    std::string_view operator()(const SoundOptions&) const { return "sound"; }
    std::string_view operator()(const NetOptions&) const { return "net"; }
    std::string_view operator()(const BlockOptions&) const { return "block"; }
};

}  // namespace

AnyDevice make_device(const DeviceOptions& options) {
    return std::visit(Make{}, options);
}

std::string_view kind_of(const DeviceOptions& options) {
    return std::visit(Kind{}, options);
}

}  // namespace backspin::emu::virtio
